"""What the report says in Chinese and in English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from commentnlp.errors import CommentnlpError

LANGUAGES = ("zh", "en")

_WORDS: Mapping[str, tuple[str, str]] = {
    # kinds of events
    "kind.comment": ("评论", "comments"),
    "kind.emoji": ("表情", "emoji"),
    "kind.like": ("点赞", "likes"),
    "kind.enter": ("进房", "entries"),
    "kind.follow": ("关注", "follows"),
    "kind.share": ("分享", "shares"),
    "kind.gift": ("礼物", "gifts"),
    "kind.fanclub": ("粉丝团", "fan club"),
    "kind.cart": ("加购", "carts"),
    "kind.purchase": ("购买", "purchases"),
    "kind.purchase.click": ("点击购买", "clicks on buy"),
    "kind.coupon": ("领券", "coupons taken"),
    "kind.coupon_offer": ("发券", "coupons offered"),
    "kind.push": ("推送商品", "items pushed"),
    "kind.explain_start": ("开始讲解", "explaining begun"),
    "kind.explain": ("正在讲解", "explaining"),
    "kind.explain_end": ("结束讲解", "explaining ended"),
    "kind.stats": ("统计", "statistics"),
    "kind.session_start": ("开播", "show begins"),
    "kind.session_end": ("下播", "show ends"),
    "kind.system": ("系统", "system"),
    # states of a hotspot
    "state.new": ("新出现", "new"),
    "state.rising": ("升温", "rising"),
    "state.steady": ("平稳", "steady"),
    "state.falling": ("回落", "falling"),
    "state.quiet": ("零星", "quiet"),
    # keys of slices
    "slice.warm_up": ("预热", "warm-up"),
    "slice.peak": ("高峰", "peak"),
    "slice.closing": ("收尾", "closing"),
    "slice.busy": ("热闹时段", "busy windows"),
    "slice.rest": ("其余时间", "the rest"),
    "slice.core": ("铁粉", "core"),
    "slice.regular": ("常客", "regulars"),
    "slice.newcomer": ("新客", "newcomers"),
    "slice.unknown": ("身份不明", "unknown"),
    # what answered
    "by.name": ("点名回复", "by name"),
    "by.item": ("讲到该商品", "by item"),
    "by.words": ("同一话题", "by words"),
    # what tiers go by
    "tiers.fan": ("按粉丝团等级", "by fan-club level"),
    "tiers.pay": ("按消费等级", "by pay level"),
    "tiers.activity": ("按发言与购买", "by comments and purchases"),
    # sections
    "title": ("直播间互动报告", "Livestream room report"),
    "section.activity": ("互动节奏", "Activity"),
    "section.topics": ("观众关心什么", "What viewers care about"),
    "section.responses": ("主播响应", "Were they answered"),
    "section.hotspots": ("投诉热点", "Complaint hotspots"),
    "section.tiers": ("粉丝层级", "Fan tiers"),
    "section.quality": ("数据质量", "Data quality"),
    "section.fit": ("模型是否还合用", "Does the model still fit"),
    # whether it does
    "fit.too_few": (
        "看不出来：不同的评论只有 {comments} 条，至少要 {least} 条。",
        "Cannot be told: {comments} different comments, {least} are needed.",
    ),
    "fit.no_reference": (
        "看不出来：模型是 0.5 版之前训练的，没有记下训练样本的样子。",
        "Cannot be told: the model was trained before version 0.5 and tells nothing of its"
        " samples.",
    ),
    "fit.fits": (
        "合用。没学过的词占 {unknown}（训练时 {unknown_before}），"
        "拿不准的评论占 {unsure}（训练时 {unsure_before}）。",
        "It does: {unknown} of the words are unknown ({unknown_before} in training),"
        " {unsure} of the comments doubtful ({unsure_before}).",
    ),
    "fit.due": (
        "该重新训练了：这里的评论和训练样本不一样。",
        "Retraining is due: these comments are not like the training samples.",
    ),
    "fit.new_words": (
        "{share} 的评论里有模型没学过的常用词（平常不超过 {usual}）。",
        "{share} of the comments hold frequent words the model never saw (usually at most"
        " {usual}).",
    ),
    "fit.unknown_words": (
        "没学过的词占 {share}（平常不超过 {usual}）。",
        "{share} of all words are unknown (usually at most {usual}).",
    ),
    "fit.unsure": (
        "模型拿不准的评论占 {share}（平常不超过 {usual}）。",
        "The model is unsure of {share} of the comments (usually at most {usual}).",
    ),
    "fit.words": ("新词：{words}", "New words: {words}"),
    "fit.advice.words": (
        "把真正是词的加进词典 words.tsv。",
        "Put those that are words into the dictionary, words.tsv.",
    ),
    "fit.advice.label": (
        "挑 100 条来标注：commentnlp suggest 文件 -n 100 -o queue.xlsx",
        "Choose 100 comments to label: commentnlp suggest FILE -n 100 -o queue.xlsx",
    ),
    "fit.known.dictionary": ("词典里有，样本里没有", "in the dictionary, in no sample"),
    "fit.known.lexicon": ("只知道它的概念", "known by its concept"),
    "fit.known.cut": ("会被切开", "is cut apart"),
    # shared by the renderers
    "complaints.all": ("投诉", "complaints"),
    "complaints.split": (
        "不满 {discontent} · 咨询 {inquiries}",
        "discontent {discontent} · inquiries {inquiries}",
    ),
    "discontent": ("不满", "discontent"),
    "inquiries": ("咨询", "inquiries"),
    "hottest": ("最热闹的一段", "busiest spell"),
    "table.overview": ("概览", "Overview"),
    "page.of_day": ("{date}（{weekday}）", "{date} ({weekday})"),
    "picture.comments": ("评论", "comments"),
    "picture.people": ("发言人数", "people who typed"),
    "picture.minute": ("每分钟评论", "comments a minute"),
    "picture.minute_mean": (
        "每分钟评论（{minutes} 分钟平均）",
        "comments a minute, mean of {minutes} min",
    ),
    "picture.usual": ("平时 {rate}", "usual {rate}"),
    "picture.busy": ("热闹", "busy"),
    "picture.cold": ("冷场", "cold"),
    "picture.cold_spell": (
        "冷场 {start}–{end}：{minutes} 分钟，每分钟 {rate} 条",
        "cold {start}–{end}: {minutes} min, {rate} comments a minute",
    ),
    "picture.each": ("{kind}（每 {minutes} 分钟）", "{kind}, each {minutes} min"),
    "picture.overall": ("全场 {share}", "whole show {share}"),
    "picture.steps": ("各时段评论", "comments by step"),
    "picture.shares": ("各时段关注点占比", "intents by step"),
    "picture.moved": ("投诉走势", "complaints by step"),
    "picture.per_hundred": ("每百条发言", "per 100 voices"),
    "picture.rising": ("升温", "rising"),
    "picture.few": ("不到 {few} 条的时段不画", "steps with fewer than {few} are left out"),
    "picture.expected": ("预期", "expected"),
    "picture.asked": ("提问", "questions"),
    "picture.answered": ("有回应", "answered"),
    "picture.answered_share": ("提问回应率", "questions answered"),
    "picture.spam": ("广告", "spam"),
    "picture.floods": ("刷屏", "floods"),
    "picture.estimated": ("时间为估算", "times estimated"),
    "page.timeless": ("文件里没有时间", "no times in the file"),
    "page.estimated": (
        "文件里没有逐条时间：本页的时段是按开播和下播时间平均推算的，只能看个大概。",
        "The file has no time for each comment: the hours on this page are spread evenly between"
        " start and end and show no more than a rough idea.",
    ),
    "page.no_host": (
        "文件里没有主播和小助手的发言，所以不统计回应情况。",
        "The file has no messages of host or staff, so nothing is said about answers.",
    ),
    "page.nothing": ("文件里没有观众评论。", "There are no comments of viewers in the file."),
    "page.contents": ("目录", "Contents"),
    "page.overview": ("一眼看完", "At a glance"),
    "page.listed": ("其中 {shown} 条不同的原话", "{shown} different ones of them"),
    "page.quotes": ("原话", "quotes"),
    "page.all": ("全场", "all"),
    "page.hours_minutes": ("{hours} 小时 {minutes} 分", "{hours} h {minutes} min"),
    "page.only_minutes": ("{minutes} 分钟", "{minutes} min"),
    "page.only_seconds": ("{seconds} 秒", "{seconds} s"),
    "page.minutes_seconds": ("{minutes} 分 {seconds} 秒", "{minutes} min {seconds} s"),
    # its key figures
    "page.figure.comments": ("评论", "comments"),
    "page.figure.comments.more": (
        "{who}说话，平时每分钟 {usual} 条",
        "by {who}, usually {usual} a minute",
    ),
    "page.figure.comments.people": ("{who}说话", "by {who}"),
    "page.figure.answered": ("提问有回应", "questions answered"),
    "page.figure.answered.more": ("{answered} / {asked} 个提问", "{answered} of {asked} asked"),
    "page.figure.complaints": ("投诉", "complaints"),
    "page.figure.complaints.watch": ("{count} 项新出现或升温", "{count} new or rising"),
    "page.figure.purchase": ("购买", "purchases"),
    "page.figure.purchase.click": ("点击购买", "clicks on buy"),
    "page.figure.purchase.more": ("加购 {cart} 次", "{cart} put in the cart"),
    "page.figure.enter": ("进房", "entries"),
    "page.figure.enter.more": ("新增关注 {follow}", "{follow} followed"),
    "page.figure.label.more": ("每百条有效发言 {rate}", "{rate} per 100 voices"),
    # its sentences
    "page.says.busy": (
        "{start}–{end} 最热闹，每分钟 {rate} 条评论，是平时的 {times} 倍。",
        "{start}–{end} was busiest: {rate} comments a minute, {times} times the usual level.",
    ),
    "page.says.most": (
        "{start} 这一段评论最多，{lines} 条，没有特别突出的高峰。",
        "Most comments, {lines}, came in the step from {start}; no window stands out.",
    ),
    "page.says.unanswered": (
        "问得最多、一直没人答的是“{text}”：{who}问了 {lines} 次。",
        "Most asked and never answered: “{text}”, {lines} times by {who}.",
    ),
    "page.says.asked": (
        "问得最多的是“{text}”：{who}问了 {lines} 次。",
        "Most asked: “{text}”, {lines} times by {who}.",
    ),
    "page.says.hot": (
        "投诉里最要紧的是“{label}”（{state}）：{who}说了 {lines} 条。",
        "The complaint to look at first is “{label}” ({state}): {lines} comments by {who}.",
    ),
    "page.says.hot.when": (
        "投诉里最要紧的是“{label}”（{state}）：{who}说了 {lines} 条，{when} 起那一段是预期的"
        " {times} 倍。",
        "The complaint to look at first is “{label}” ({state}): {lines} comments by {who},"
        " in the step from {when} {times} times what was to be expected.",
    ),
    "page.says.calm": (
        "投诉共 {lines} 条（{split}），没有新出现或升温的。",
        "{lines} complaints in all ({split}); none is new or rising.",
    ),
    "page.says.answered": (
        "{asked} 个提问里 {share} 有回应（估计范围 {interval}），一半在 {wait}内等到。",
        "{share} of {asked} questions got an answer (interval {interval}), half of them within"
        " {wait}.",
    ),
    "page.says.answered.none": (
        "{asked} 个提问都没有等到回应。",
        "None of {asked} questions got an answer.",
    ),
    "page.says.purchases": (
        "购买 {purchase} 次，{start} 这一段最多，有 {most} 次。",
        "{purchase} purchases, most of them ({most}) in the step from {start}.",
    ),
    "page.says.purchases.click": (
        "点击购买 {purchase} 次（不等于下单），{start} 这一段最多，有 {most} 次。",
        "{purchase} clicks on buy (no orders), most of them ({most}) in the step from {start}.",
    ),
    "page.says.order": (
        "{who}在评论里说要下单或已拍，共 {lines} 条。",
        "They buy or have bought, say {lines} comments by {who}.",
    ),
    "page.says.earlier": (
        "和以往同一时段比，评论{change}。",
        "Against the same hours of earlier shows: {change} comments.",
    ),
    "page.change.more": ("多 {share}", "{share} more"),
    "page.change.fewer": ("少 {share}", "{share} fewer"),
    "page.change.same": ("差不多", "about as many"),
    # its activity
    "page.minutes": ("每分钟的互动", "Minute by minute"),
    "page.by_step": ("分时段互动", "Step by step"),
    "page.step": ("时段", "step"),
    "page.some_steps": (
        "共 {all} 个时段，这里列出评论最多的 {shown} 个。",
        "There are {all} steps; here are the {shown} with most comments.",
    ),
    "page.comments": ("评论", "comments"),
    "page.people": ("人数", "people"),
    "page.lines": ("条数", "lines"),
    "page.voices": ("有效发言", "voices"),
    "page.per_minute": ("每分钟", "a minute"),
    "page.canned": ("快捷语", "one-tap"),
    "page.minutes_live": ("时长", "length"),
    "page.spells": ("热闹和冷清", "Busy and cold spells"),
    "page.spell": ("从何时到何时", "from and to"),
    "page.busy": ("热闹", "busy"),
    "page.cold": ("冷清", "cold"),
    "page.times": ("是平时的几倍", "times the usual"),
    "page.no_spells": (
        "没有特别热闹或冷清的一段。",
        "No stretch was far above or below the usual level.",
    ),
    "page.phases": ("预热、高峰、收尾", "Warm-up, peak, closing"),
    "page.phase": ("阶段", "phase"),
    "page.week": ("星期和钟点（每分钟评论）", "Weekday and hour (comments a minute)"),
    "page.weekday": ("星期", "weekday"),
    "page.compared": ("和以往同一钟点比", "The same hour in earlier shows"),
    "page.hour": ("钟点", "hour"),
    "page.here": ("本场", "this show"),
    "page.there": ("以往", "earlier"),
    "page.change": ("变化", "change"),
    # its topics
    "page.label": ("话题", "topic"),
    "page.shares_of": (
        "占比按 {voices} 条有效发言算（共 {lines} 条评论，去掉快捷语、广告和重复）。",
        "Shares are of {voices} voices: the {lines} comments without one-tap phrases, spam and"
        " repeats.",
    ),
    "page.share_of": ("条数和占比", "counts and shares"),
    "page.contrast": ("热闹时和其余时间", "Busy windows and the rest"),
    "page.difference": ("差别", "difference"),
    "page.more_in": ("{slice}更多", "more in {slice}"),
    "page.words": ("哪个时段在说什么", "Words that set a step apart"),
    "page.word": ("词和次数", "words and counts"),
    "page.for_example": ("比如", "for example"),
    "page.questions": ("问得最多的问题", "Most asked questions"),
    "page.questions_by": ("各时段问得最多的", "Most asked, step by step"),
    "page.asked_by": ("{people} 人", "{people} people"),
    "page.one_person": ("1 人", "one person"),
    "page.hidden_people": ("身份不明的观众", "hidden people"),
    "page.wordings": ("也有人问：", "also asked as:"),
    "page.reply.all": ("都答了", "all answered"),
    "page.reply.none": ("没人答", "not answered"),
    "page.reply.some": ("答了 {answered} 条", "{answered} answered"),
    "page.products": ("提到的品类", "Product kinds named"),
    "page.products_by": ("各时段提到的品类", "Product kinds, step by step"),
    "page.product": ("品类", "product kind"),
    "page.items": ("讲解各商品时", "While each item was explained"),
    "page.item": ("商品", "item"),
    "page.top_question": ("问得最多", "most asked"),
    # its responses
    "page.answered_share": ("有回应的提问", "questions answered"),
    "page.within": ("{window}内算有回应", "within {window}"),
    "page.median": ("一半提问等到回应的时间", "median wait"),
    "page.p90": ("九成在此时间内", "nine in ten within"),
    "page.host_lines": ("主播和小助手发言", "lines of host and staff"),
    "page.announcements": ("其中 {count} 条是系统播报", "{count} of them by a tool"),
    "page.how": ("怎么回应的", "How they were answered"),
    "page.answered_by": ("分时段回应", "Answered, step by step"),
    "page.asked": ("提问", "asked"),
    "page.answered": ("有回应", "answered"),
    "page.share": ("占比", "share"),
    "page.examples": ("回应的例子", "Examples"),
    "page.after": ("{wait}后", "after {wait}"),
    "page.unanswered": ("至少三人问过、一直没人答", "Asked by three or more, never answered"),
    "page.no_questions": ("没有人提问。", "Nobody asked anything."),
    "page.no_unanswered": (
        "三人以上问过的问题都有回应。",
        "What three or more people asked was answered.",
    ),
    # its hotspots
    "page.complaint": ("投诉", "complaint"),
    "page.of_line": ("条", "comment"),
    "page.of_lines": ("条", "comments"),
    "page.all_complaints": ("全部投诉", "All complaints"),
    "page.state": ("状态", "state"),
    "page.rate": ("每百条", "per 100"),
    "page.trend": ("走势", "trend"),
    "page.standing_out": ("最突出的时段", "stands out at"),
    "page.expected": ("预期 {expected}，实有 {voices}", "expected {expected}, got {voices}"),
    "page.times_expected": ("预期的 {times} 倍", "{times} × expected"),
    "page.earlier_rate": ("以往每百条", "earlier, per 100"),
    "page.first": ("最早", "first"),
    "page.worst": ("最典型", "plainest"),
    "page.discontent": ("不满", "discontent"),
    "page.inquiries": ("咨询", "inquiries"),
    "page.about_words": ("常见字眼", "words"),
    "page.about_items": ("涉及商品", "items"),
    "page.about_products": ("涉及品类", "product kinds"),
    "page.hot_by_step": ("分时段投诉条数", "Complaints, step by step"),
    "page.hot_trends": ("最突出的几项投诉", "Those that stand out"),
    "page.no_hotspots": ("没有投诉。", "There are no complaints."),
    "page.rising_mark": ("升温", "rising"),
    # its tiers
    "page.tier": ("层级", "tier"),
    "page.levels": ("等级", "levels"),
    "page.tier_people": ("人数", "people"),
    "page.speakers": ("说话的人", "who spoke"),
    "page.tier_share": ("评论占比", "share of comments"),
    "page.tier_topics": ("各层级关心什么", "What each tier talks about"),
    "page.newcomers": ("新客最先问的", "First questions of newcomers"),
    "page.upset": ("没得到回应的大买家", "Heavy buyers who complained unheard"),
    "page.who": ("谁", "who"),
    "page.purchases": ("购买", "purchases"),
    "page.purchases.click": ("点击购买", "clicks on buy"),
    "page.complaints": ("投诉", "complaints"),
    # its data quality
    "page.files": ("读到的文件", "Files"),
    "page.file": ("文件", "file"),
    "page.tool": ("来源工具", "written by"),
    "page.encoding": ("编码", "encoding"),
    "page.rows": ("行数", "rows"),
    "page.odd": ("有疑点但保留", "odd, but kept"),
    "page.lost": ("没读成", "not read"),
    "page.at_lines": ("第 {lines} 行", "line {lines}"),
    "page.earlier_files": ("用来对比的以往场次", "Earlier shows compared with"),
    "page.sum": ("行数对账", "How the rows add up"),
    "page.sum.rows": ("读到的行", "rows read"),
    "page.sum.twice": ("重复记录，不计", "recorded twice, left out"),
    "page.sum.outside": ("不在所选时间内，不计", "outside the span asked for, left out"),
    "page.sum.host": ("其中主播、小助手和系统", "of these host, staff and system"),
    "page.sum.comments": ("其中观众评论", "of these typed by viewers"),
    "page.checks": ("留意这些", "Worth knowing"),
    "page.check.different": ("不同的评论内容", "different texts"),
    "page.check.blank": ("空白评论", "comments without text"),
    "page.check.repeats": ("同一人短时间内重复说", "said again by the same person"),
    "page.check.canned": ("快捷语（一键发送）", "one-tap phrases"),
    "page.check.spam": ("带链接或联系方式", "with a link or contact number"),
    "page.check.flood": ("刷屏的评论", "lines of floods"),
    "page.check.without_time": ("没有时间", "without a time"),
    "page.check.backwards": ("时间倒着走", "earlier than the line before"),
    "page.check.hidden": ("看不到是谁", "whose person is hidden"),
    "page.check.lost": ("没读成的行", "lines that could not be read"),
    "page.check.likes": ("点赞（逐条相加）", "likes, added up"),
    "page.check.likes_total": ("点赞（直播间累计数）", "likes, as the room's own total says"),
    "page.canned_list": ("快捷语", "One-tap phrases"),
    "page.floods": ("刷屏", "Floods"),
    "page.phrase": ("内容", "text"),
    "page.unknown": ("不认识的事件类型：", "Kinds of events not known:"),
    # how to read it
    "page.reading": ("怎么看这份报告", "How to read this"),
    "page.reading.counts": ("条数、人数、有效发言", "Lines, people, voices"),
    "page.reading.counts.text": (
        "条数是评论打了多少行，人数是其中认得出的不同的人。有效发言去掉快捷语和带联系方式的，同一人在"
        "一个时段里重复说只算一次；占比都按有效发言算，一个人刷屏不会把话题刷热。",
        "Lines are comments as typed; people are the different known persons among them. Voices"
        " leave out one-tap phrases and spam, and a person who repeats within a step counts once."
        " Shares are of voices, so one person's flood makes nothing hot.",
    ),
    "page.reading.open": ("点数字看原话", "Open a number"),
    "page.reading.open.text": (
        "带虚线的数字点开就是背后的原话，再点一次收起；内容相同的只列一次，# 后面是文件里的行号"
        "（有多个文件时，冒号前是第几个文件）。",
        "An underlined number opens the comments behind it, and closes at another click. The same"
        " text is listed once; after # stands the line of the file (of several, the file's number"
        " and a colon before it).",
    ),
    "page.reading.interval": ("占比后面的范围", "The range after a share"),
    "page.reading.interval.text": (
        "这是 95% 置信区间：评论少的时候占比会碰巧偏高偏低，真实水平多半在这个范围里。两个范围"
        "不重叠，才算真有差别。",
        "A 95 % interval: with few comments a share is high or low by chance, and the true level"
        " lies most likely in this range. Where two ranges do not overlap, the difference counts.",
    ),
    "page.reading.busy": ("热闹和冷清", "Busy and cold"),
    "page.reading.busy.text": (
        "平时水平是本场每分钟评论的中位数。连着 5 分钟以上更像平时的两倍，算热闹；更像平时的"
        "四分之一，算冷清。",
        "The usual level is the median of the show. Five minutes and more that are likelier at"
        " twice that level are busy, those likelier at a quarter of it cold.",
    ),
    "page.reading.states": ("投诉的状态", "States of a complaint"),
    "page.reading.states.text": (
        "升温：某个时段至少 5 人提到，而且明显多过预期；新出现：也是这样，而且之前没人提过；"
        "回落：没有突出的时段，后来明显少了；零星：全场不到 3 人提；平稳：其余。",
        "Rising: a step in which at least five people raised it, clearly more than expected. New:"
        " the same, and nobody had raised it before. Falling: no such step, and clearly less"
        " towards the end. Quiet: fewer than three people in all. Steady: all else.",
    ),
    "page.reading.complaints": ("投诉里的不满和咨询", "Discontent and inquiries"),
    "page.reading.complaints.text": (
        "投诉是带投诉标签的评论，一条带几个标签也只算一条。行为是“不满”、或者不是“提问”的，算不满；"
        "只是“提问”、没有“不满”的（“能退吗”），算咨询。",
        "Complaints are comments with a complaint label, each counted once. One that complains, or"
        " does not ask, is discontent; one that only asks (“can I return it?”) is an inquiry.",
    ),
    "page.reading.answers": ("有没有回应", "Answered or not"),
    "page.reading.answers.text": (
        "只看得到打字的回复和商品讲解；主播口头回答的，文件里没有。",
        "Only what was typed, and the item being explained, can be seen; what the host answered"
        " aloud is in no file.",
    ),
    "page.made": (
        "模型 {model} · {zone} · 每 {step} 分钟一段",
        "model {model} · {zone} · steps of {step} minutes",
    ),
    "table.steps": ("分时数据", "Over time"),
    "table.spells": ("热闹与冷场", "Busy and cold spells"),
    "table.phases": ("直播阶段", "Phases"),
    "table.contrast": ("热闹时段对比其余时间", "Busy windows against the rest"),
    "table.compared": ("与往期同时段对比", "Same hour of earlier shows"),
    "table.week": ("每周各时段", "Hours of the week"),
    "table.topics": ("各标签占比", "Topics"),
    "table.topics_by_step": ("各标签分时占比", "Topics over time"),
    "table.words": ("分时关键词", "Words over time"),
    "table.questions": ("高频问题", "Most asked questions"),
    "table.products": ("提到的品类", "Product kinds named"),
    "table.products_by_step": ("分时品类", "Product kinds over time"),
    "table.items": ("讲解商品", "Items explained"),
    "table.answers": ("回复情况", "Answers"),
    "table.answers_by_step": ("分时回复率", "Answers over time"),
    "table.examples": ("回复示例", "Examples of answers"),
    "table.unanswered": ("一直没人回的问题", "Never answered"),
    "table.hotspots": ("投诉一览", "Complaints"),
    "table.hotspot_steps": ("投诉分时", "Complaints over time"),
    "table.concerned": ("涉及商品与品类", "What the complaints are about"),
    "table.tiers": ("各层级互动", "By tier"),
    "table.tier_topics": ("各层级占比", "Topics by tier"),
    "table.newcomers": ("新客先问什么", "First questions of newcomers"),
    "table.upset": ("投诉未获回复的老买家", "Heavy buyers who complained, unanswered"),
    "table.quotes": ("评论原文", "Quotes"),
    "table.figures": ("数据口径", "What the figures rest on"),
    "table.files": ("读取的文件", "Files"),
    "table.remarks": ("异常行", "Odd lines"),
    "table.kinds": ("事件类型", "Kinds of events"),
    "table.canned": ("快捷短语", "One-tap phrases"),
    "table.floods": ("刷屏", "Floods"),
    "table.spam": ("广告", "Spam"),
    "table.fit": ("评论与训练样本相比", "Comments against the training samples"),
    "table.new_words": ("模型没学过的常用词", "Frequent words the model does not know"),
    "table.moved": ("各标签占比与训练样本相比", "Shares of labels against the training samples"),
    "new_word": ("词", "word"),
    "known": ("模型怎么看", "what the model has of it"),
    "different_comments": ("不同的评论", "different comments"),
    "share_of_comments": ("占评论", "of the comments"),
    "now": ("现在", "now"),
    "trained": ("训练时", "in training"),
    "unknown_words": ("没学过的词，占全部词", "unknown words, of all words"),
    "holding": ("含有这种词的评论", "comments that hold some"),
    "unsure": ("拿不准的评论", "doubtful comments"),
    "stability": ("{facet}：得分分布的 PSI", "{facet}: PSI of the scores"),
    "all": ("全场", "whole show"),
    "yes": ("是", "yes"),
    "room": ("直播间", "room"),
    "span": ("时间", "time"),
    "no_time": ("文件没有时间", "the file has no times"),
    "spread": ("时间为估算，分时数据仅供参考", "times are estimated: take hours with care"),
    "live": ("直播时长（分钟）", "minutes live"),
    "minutes": ("分钟", "minutes"),
    "comments": ("评论条数", "comments"),
    "people": ("人数", "people"),
    "writers": ("发言人数", "people"),
    "lines": ("条数", "lines"),
    "voices": ("有效条数", "own words"),
    "per_minute": ("每分钟", "a minute"),
    "comments_per_minute": ("每分钟评论", "comments a minute"),
    "share": ("占比", "share"),
    "low": ("95%区间下限", "95% from"),
    "high": ("95%区间上限", "95% to"),
    "interval": ("95%区间", "95% interval"),
    "times": ("倍数", "times"),
    "times_usual": ("平时的倍数", "times the usual"),
    "start": ("开始", "from"),
    "end": ("结束", "to"),
    "when": ("时段", "when"),
    "hour": ("钟点", "hour"),
    "most": ("最多提到", "most about"),
    "spell": ("类型", "spell"),
    "busy": ("热闹", "busy"),
    "cold": ("冷场", "cold"),
    "quote": ("例句", "quote"),
    "phase": ("阶段", "phase"),
    "facet": ("维度", "facet"),
    "label": ("标签", "label"),
    "difference": ("相差", "difference"),
    "clear": ("差异明显", "clear"),
    "here": ("本场", "this show"),
    "there": ("往期", "earlier"),
    "change": ("变化", "change"),
    "moved": ("占比明显变化", "shares that moved"),
    "weekday": ("星期", "weekday"),
    "word": ("关键词", "word"),
    "voices_here": ("本时段", "here"),
    "voices_elsewhere": ("其他时段", "elsewhere"),
    "z": ("显著度 z", "z"),
    "question": ("问题", "question"),
    "top_question": ("最常问", "most asked"),
    "answered": ("已回复", "answered"),
    "wordings": ("其他问法", "other wordings"),
    "product": ("品类", "product kind"),
    "item": ("商品", "item"),
    "asked": ("提问条数", "questions"),
    "answer_share": ("回复率", "answered share"),
    "window": ("多少秒内算回复", "an answer must come within, s"),
    "host_lines": ("主播和场控打字条数", "lines typed by host and staff"),
    "announcements": ("其中播报", "announcements among them"),
    "median_wait": ("等待中位数（秒）", "median wait, s"),
    "p90_wait": ("九成等待不超过（秒）", "nine in ten wait at most, s"),
    "no_host": (
        "主播和场控没有打字，无法统计回复。",
        "Host and staff typed nothing: answers cannot be counted.",
    ),
    "spoken": (
        "只统计打字和讲解商品，口头回复不在内",
        "counts what was typed and items shown, not what was said aloud",
    ),
    "answer": ("回复", "answer"),
    "wait": ("等待（秒）", "wait, s"),
    "by": ("方式", "how"),
    "state": ("状态", "state"),
    "peak": ("最突出时段", "stands out at"),
    "earlier_share": ("往期占比", "earlier share"),
    "words": ("关键词", "words"),
    "items": ("相关商品", "items"),
    "products": ("相关品类", "product kinds"),
    "first": ("最早一条", "first"),
    "worst": ("最典型一条", "plainest"),
    "expected": ("预期条数", "expected"),
    "p": ("偶然概率 p", "p"),
    "rising": ("升温", "rising"),
    "no_hotspots": ("没有投诉。", "No complaints."),
    "tier": ("层级", "tier"),
    "level": ("等级", "level"),
    "per_person": ("人均评论", "comments a person"),
    "comments_share": ("评论占比", "share of comments"),
    "tiers_by": ("分层依据", "tiers"),
    "who": ("用户", "who"),
    "purchases": ("购买次数", "purchases"),
    "purchases.click": ("点击购买次数", "clicks on buy"),
    "text": ("评论", "comment"),
    "time": ("时间", "time"),
    "file": ("文件", "file"),
    "line": ("行号", "line"),
    "figure": ("项目", "figure"),
    "value": ("数值", "value"),
    "rows": ("记录数", "rows"),
    "rows_lost": ("读不出的行", "lines that are no rows"),
    "twice": ("重复记录（已剔除）", "recorded twice (left out)"),
    "outside": ("时间范围外（已剔除）", "outside the span (left out)"),
    "host_comments": ("主播、场控和系统发言", "comments of host, staff, system"),
    "blank": ("空评论", "comments without text"),
    "different": ("不同内容", "different texts"),
    "canned": ("快捷短语条数", "one-tap lines"),
    "flood_lines": ("刷屏条数", "lines of floods"),
    "spam": ("广告条数", "lines of spam"),
    "repeats": ("同一人重复发言", "said again by the same person"),
    "without_time": ("没有时间的记录", "events without a time"),
    "backwards": ("时间倒退的记录", "events that stand after a later one"),
    "estimated": ("时间为估算", "times are estimated"),
    "hidden": ("匿名用户的记录", "events of hidden people"),
    "likes": ("点赞数", "likes"),
    "likes_total": ("平台累计点赞", "likes by the tool's own total"),
    "unknown_kinds": ("不认识的事件类型", "unknown kinds of events"),
    "earlier_files": ("往期文件", "earlier files"),
    "shares": (
        "占有效条数：快捷短语和广告不算，同一人同一时段重复只算一次",
        "of own words: without one-tap phrases and spam, repeats of a person once a step",
    ),
    "shares_differ": (
        "占比不算快捷短语、广告和同一人的重复；classify 按全部评论算，所以两处占比不同。",
        "Shares leave out one-tap phrases, spam and a person's repeats; classify's are of all"
        " comments and differ.",
    ),
    "step": ("每个时段（分钟）", "minutes of a step"),
    "model": ("模型", "model"),
    "zone": ("时区", "time zone"),
    "tool": ("来源", "written by"),
    "encoding": ("编码", "encoding"),
    "odd": ("异常行（已保留）", "odd, kept"),
    "lost": ("丢弃行", "lost"),
    "notes": ("备注", "notes"),
    "why": ("原因", "why"),
    "count": ("次数", "count"),
    "first_lines": ("行号（前几处）", "lines, first ones"),
    "kind": ("类型", "kind"),
    "phrase": ("内容", "phrase"),
    # the page
    # the pictures
    # workbook and Markdown
    "sheet.overview": ("概览", "overview"),
    "sheet.steps": ("分时", "over time"),
    "sheet.contrast": ("时段对比", "spells and phases"),
    "sheet.topics": ("关注点", "topics"),
    "sheet.topics_by_step": ("关注点分时", "topics over time"),
    "sheet.words": ("关键词", "words"),
    "sheet.questions": ("问题", "questions"),
    "sheet.items": ("商品", "items"),
    "sheet.responses": ("主播响应", "responses"),
    "sheet.hotspots": ("投诉热点", "hotspots"),
    "sheet.tiers": ("粉丝层级", "tiers"),
    "sheet.quotes": ("评论原文", "quotes"),
    "sheet.quality": ("数据质量", "quality"),
    "sheet.fit": ("模型是否合用", "model fit"),
    "in_zone": ("{name}（{zone}）", "{name} ({zone})"),
    "section": ("板块", "section"),
    "about": ("对应数字", "behind"),
    "more": ("另有 {count} 行未列出。", "{count} more rows."),
    "busiest_only": (
        "只列评论最多的 {count} 个时段，共 {all} 个。",
        "The {count} busiest of {all}.",
    ),
    "more_quotes": (
        "另有 {count} 条未列出，完整内容见 JSON 报告。",
        "{count} more; the JSON report has all.",
    ),
    "comments_and_purchases": ("评论与购买", "Comments and purchases"),
    "comments_and_purchases.click": ("评论与点击购买", "Comments and clicks on buy"),
}


_REMARKS: tuple[tuple[str, str], ...] = (
    # notes of reading
    (r"only the sheet (.+) is read; not read: (.+)", "只读了工作表“{0}”，没有读：{1}"),
    (r"passed over in the archive: (.+) and (\d+) more", "压缩包里没有读的：{0}等，另有 {1} 个"),
    (r"passed over in the archive: (.+)", "压缩包里没有读的：{0}"),
    (r"only the table (.+) is read; not read: (.+)", "只读了数据表“{0}”，没有读：{1}"),
    (
        r"(\d+) rows have cells beyond column ([\d,]+), .*\(the first is row ([\d,]+)\)",
        "有 {0} 行在第 {1} 列以后还有单元格，没有读（最先在第 {2} 行）",
    ),
    (
        r"clock times without a day are taken for (\S+); the year is not told, --date tells it",
        "只有钟点的时间按 {0} 算；年份没有写明，可用 --date 指明",
    ),
    (
        r"clock times without a day are taken for (\S+), when the file was saved; .*",
        "只有钟点的时间按文件保存的日期 {0} 算，可用 --date 指明",
    ),
    (r"no header: columns are told by what stands in them", "没有表头，按内容认出各列"),
    (
        r"rows have up to (\d+) cells, the header (\d+) \(first row (\d+)\):.*",
        "表头有 {1} 列，有的行多到 {0} 列（从第 {2} 行起），多出的列已补上",
    ),
    (
        r"(\d+) cells are numbers of more than 15 digits, .*",
        "{0} 个单元格是 15 位以上的数字，末几位可能已经丢失",
    ),
    # what is strange in lines
    (r"broken byte or character, .*", "损坏的字节或字符，显示为 \ufffd"),
    (r"line in another encoding than the rest, .*", "与其余部分编码不同的行，按它自己的编码读"),
    (r"NUL character, left out", "空字符（NUL），已去掉"),
    (
        r"row with more cells than the header: the rest .*",
        "单元格比表头多的行，多出的并入最后一列",
    ),
    (r"row with unquoted delimiters .*", "最后一列里有没加引号的分隔符，已重新拼好"),
    (r"row with fewer cells than the header.*", "单元格比表头少的行，已用空格补齐"),
    (r"row with more cells than the header: columns .*", "单元格比表头多的行，已补上新列"),
    (r"quotation mark without its partner, .*", "引号不成对，照原样读"),
    (r"blank line", "空行"),
    (r"line above the header", "表头上方的行"),
    (r"line of the export's own", "导出工具自己写的行"),
    (r"header that comes again", "重复出现的表头"),
    (r"line longer than (\d+) MB", "超过 {0} MB 的行"),
    (r"not JSON", "不是 JSON"),
    (r"JSON value that is no object", "不是对象的 JSON 值"),
    (r"line without a name or a comment", "没有昵称或评论的行"),
    (r"no line of (.+), nor the next line of a comment", "不是 {0} 的行，也不是评论的下一行"),
    (r"no such time of day: (.+)", "没有这样的时刻：{0}"),
    # what wrote the file
    (r"CSV table", "CSV 表格"),
    (r"TSV table", "TSV 表格"),
    (r"semicolon table", "分号分隔的表格"),
    (r"bar table", "竖线分隔的表格"),
    (r"one-column table", "单列表格"),
    (r"event log", "事件日志"),
    (r"JSON lines", "JSON 行"),
    (r"JSON array", "JSON 数组"),
    (r"danmaku XML", "弹幕 XML"),
    (r"(ASS|SRT|VTT) subtitles", "{0} 字幕"),
    (r"time:id:comment lines", "“时间:id:评论”的行"),
    (r"chat with clocks", "带钟点的聊天记录"),
    (r"chat with names", "带昵称的聊天记录"),
    (r"text", "纯文本"),
    (r"list of texts", "文本列表"),
)
"""What reading says in English (a pattern of the whole of it) → in Chinese."""


class Wording:
    """One language. Keys are those of this file; an unknown one is a mistake of ours."""

    def __init__(self, language: str, *, purchase_clicks: bool = False) -> None:
        """Take ``zh`` or ``en``; ``purchase_clicks`` names purchases as clicks on "buy".

        Raises CommentnlpError for another language.
        """
        if language not in LANGUAGES:
            raise CommentnlpError(f"language {language!r}: there are {' and '.join(LANGUAGES)}")
        self.language = language
        self._purchase_clicks = purchase_clicks
        self._place = LANGUAGES.index(language)

    def say(self, key: str, **values: object) -> str:
        """The words of a key, with ``{name}`` filled in."""
        if self._purchase_clicks and f"{key}.click" in _WORDS:
            key = f"{key}.click"
        return _WORDS[key][self._place].format(**values)

    def kind(self, kind: str) -> str:
        """Name of a kind of event; a tool's own kind stays as it is."""
        return self.say(f"kind.{kind}") if f"kind.{kind}" in _WORDS else kind

    def remark(self, text: str) -> str:
        """What reading remarked on a file, or the name of what wrote it.

        As it is where there is no Chinese for it.
        """
        if self.language == "zh":
            for pattern, chinese in _REMARKS:
                if match := re.fullmatch(pattern, text, re.DOTALL):
                    return chinese.format(*match.groups())
        return text

    def weekday(self, day: int) -> str:
        """Short name of a weekday, 0 for Monday."""
        if self.language == "zh":
            return "周" + "一二三四五六日"[day]
        return ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[day]

    def name(self, names: Mapping[str, Mapping[str, str]], facet: str, label: str = "") -> str:
        """Display name of a facet or label, given ``Report.names``."""
        key = f"{facet}/{label}" if label else facet
        return names.get(key, {}).get(self.language) or label or facet


def clock(time: datetime | None) -> str:
    """As 20:15; a dash where there is no time."""
    return f"{time:%H:%M}" if time else "–"


def percent(share: float) -> str:
    """As 12 %, with one figure after the point below ten."""
    return f"{share:.1%}" if share < 0.0995 else f"{share:.0%}"
