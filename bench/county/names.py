"""What is drawn from: names, diseases, what is measured and given, and the states of referrals."""

from __future__ import annotations

SURNAMES = (
    "王7.2 李7.0 张6.7 刘5.4 陈4.6 杨3.1 赵2.3 黄2.3 周2.1 吴2.0 徐1.7 孙1.5 胡1.3 朱1.3 "
    "高1.2 林1.2 何1.1 郭1.1 马1.0 罗0.9 梁0.9 宋0.8 郑0.8 谢0.7 韩0.7 唐0.7 冯0.6 于0.6 "
    "董0.6 萧0.6 程0.6 曹0.6 袁0.5 邓0.5 许0.5 傅0.5 沈0.5 曾0.5 彭0.5 吕0.5 苏0.5 卢0.5 "
    "蒋0.5 蔡0.5 贾0.4 丁0.4 魏0.4 薛0.4 叶0.4 阎0.4 余0.4 潘0.4 杜0.4 戴0.4 夏0.4 钟0.4 "
    "汪0.4 田0.4 任0.4 姜0.4 范0.4 方0.4 石0.3 姚0.3 谭0.3 廖0.3 邹0.3 熊0.3 金0.3 陆0.3 "
    "郝0.3 孔0.3 白0.3 崔0.3 康0.3 毛0.3 邱0.3 秦0.3 江0.3 史0.3 顾0.3 侯0.3 邵0.3 孟0.3 "
    "龙0.3 万0.3 段0.2 雷0.2 钱0.2 汤0.2 尹0.2 黎0.2 易0.2 常0.2 武0.2 乔0.2 贺0.2 赖0.2 "
    "龚0.2 文0.2 单0.1 仇0.1 解0.1 欧阳0.1 诸葛0.05 上官0.05 司马0.05 夏侯0.02"
).split()
# The more frequent first: the weights below fall along the line.
GIVEN = (
    "英华秀明玉国桂建文丽平军海红兰芳志春凤云荣金梅伟珍杰强生林霞勇德美香艳永娟静东敏成小光"
    "燕振庆清峰福玲新辉超斌忠波鹏莲立洪家龙祥学友淑仁宝琴涛飞义世俊民少月翠宏良雪思雨子晓"
    "佳欣浩宇梓轩涵诗琪博睿怡萱嘉一鑫晨阳瑞宁安康乐乔松柏桃杏枝叶苗禾麦谷丰登顺昌茂盛兴旺"
)
DISEASES = (
    ("I10", "原发性高血压", "头晕头痛两周，血压波动"),
    ("I20.0", "不稳定性心绞痛", "活动后胸闷三天，休息后缓解"),
    ("I63.9", "脑梗死", "右侧肢体无力六小时"),
    ("E11.9", "2型糖尿病", "口干多饮半年，空腹血糖 12.3 mmol/L"),
    ("J44.1", "慢性阻塞性肺病急性加重", "咳嗽气喘加重一周"),
    ("J18.9", "肺炎", "发热咳嗽四天，体温 38.9 ℃"),
    ("K29.5", "慢性胃炎", "上腹隐痛两月"),
    ("K80.2", "胆囊结石", "右上腹痛一天，餐后加重"),
    ("K35.8", "急性阑尾炎", "转移性右下腹痛十小时"),
    ("N20.0", "肾结石", "腰痛伴血尿两天"),
    ("M51.2", "腰椎间盘突出", "腰痛放射至左下肢一月"),
    ("S72.0", "股骨颈骨折", "跌倒后右髋疼痛不能站立"),
    ("C34.9", "肺恶性肿瘤", "咳血丝痰两周，胸片示占位"),
    ("O80", "单胎顺产", "孕 39 周，规律宫缩"),
    ("H25.9", "老年性白内障", "视物模糊一年"),
    ("F32.9", "抑郁发作", "情绪低落、失眠两月"),
)
# code, name, kind, unit, usual from and to: what a visit measures, the vital signs first.
MEASURED = (
    ("8480-6", "收缩压", "vital-signs", "mmHg", 90, 139),
    ("8462-4", "舒张压", "vital-signs", "mmHg", 60, 89),
    ("8867-4", "脉搏", "vital-signs", "/min", 60, 100),
    ("4548-4", "糖化血红蛋白", "laboratory", "%", 4, 6),
    ("14771-0", "空腹葡萄糖", "laboratory", "mmol/L", 3.9, 6.1),
    ("14682-9", "肌酐", "laboratory", "umol/L", 57, 97),
    ("22748-8", "低密度脂蛋白胆固醇", "laboratory", "mmol/L", 0, 3.4),
    ("14927-8", "甘油三酯", "laboratory", "mmol/L", 0, 1.7),
    ("2823-3", "钾", "laboratory", "mmol/L", 3.5, 5.3),
    ("718-7", "血红蛋白", "laboratory", "g/L", 115, 150),
)
MEDICINES = (
    ("苯磺酸氨氯地平片", "5 mg", "每日一次"),
    ("阿司匹林肠溶片", "100 mg", "每日一次"),
    ("盐酸二甲双胍片", "0.5 g", "每日三次"),
    ("阿托伐他汀钙片", "20 mg", "每晚一次"),
    ("厄贝沙坦片", "150 mg", "每日一次"),
)
MOBILE = (33, 35, 38, 39, 50, 58, 77, 86, 89)
DEPARTMENTS = ("心内科", "神经内科", "普外科", "骨科", "呼吸科", "消化科", "内分泌科", "妇产科")

# state: share of what is open, who owes the next step, the permission for it, days until due
OPEN_STATES = {
    "submitted": (18, "to", "referral.accept", 1),
    "waitlisted": (5, "to", "referral.accept", 3),
    "unanswered": (2, "office", "referral.arrange", 1),
    "accepted": (20, "to", "referral.receive", 5),
    "in-transit": (2, "to", "referral.receive", 1),
    "arrived": (6, "to", "referral.treat", 1),
    "in-treatment": (37, "to", "referral.close", 10),
    "down-proposed": (3, "to", "referral.close", 5),
    "declined": (4, "from", "referral.redirect", 1),
    "expired": (2, "from", "referral.redirect", 3),
    "draft": (1, "from", "referral.submit", 3),
}
ARRIVED = {"arrived", "in-treatment", "down-proposed", "closed", "followed-up"}
ANSWERED = ARRIVED | {"waitlisted", "accepted", "in-transit", "declined", "expired"}
