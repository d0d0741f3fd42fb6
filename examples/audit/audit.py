"""The audited chapter: each claim as the package derives it, with the verdict that `rs.verify` gives it.

    python examples/audit/audit.py [FOLDER]     writes audit.en.md and audit.zh.md (next to this file by default)

A claim of the chapter stands in `claims.py` as Results: as it is stated, with the hypothesis that repairs it if it needs one,
and what holds instead. No verdict is typed in. It follows from the checks:
    true         the statement as it stands is not refuted;
    true given   it is refuted as it stands, and not refuted under the hypothesis that its repaired form carries;
    false        it is refuted, and no hypothesis is offered.
A claim that something does NOT follow (`denies`) is true where the implication is refuted. The script stops with an error if
a formula that it prints as repaired or as holding instead is refuted.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import rnnsym as rs

sys.path.insert(0, str(Path(__file__).parent))
from claims import CLAIMS, Claim  # noqa: E402

VERDICTS = {
    "true": ("true", "成立"),
    "given": ("true given this", "在此条件下成立"),
    "false": ("false, with this counterexample", "不成立，反例如下"),
}
WORDS = {
    "title": ("The chapter, audited", "逐条核验本章"),
    "intro": (
        "The claims of the chapter on the recurrence relation of RNNs, in its order. Each formula is derived by rnnsym and each "
        "verdict comes from `rs.verify`, which evaluates both sides at random draws that meet the hypotheses. An equality "
        "that agrees is marked so; a bound or an implication can be refuted by draws and not proved by them, and is then "
        'marked "not refuted". Where the chapter leaves a hypothesis or a quantifier unsaid, the claim is read literally. Counterexamples were found and shrunk by `verify`. Written by `examples/audit/audit.py`.',
        "本章关于循环神经网络递推关系的论断，按原文顺序排列。每个公式都由 rnnsym 推导，每个结论都来自 `rs.verify`："
        "它在满足假设的随机取值处分别计算等式两边。等式相符则记为“相符”；不等式与蕴含关系只能被取值推翻，"
        "不能由取值证明，因此记为“未被推翻”。原文未写明的假设或量词，一律按字面理解。反例由 `verify` 找到并化简。本文由 `examples/audit/audit.py` 生成。",
    ),
    "summary": ("Summary", "总览"),
    "claim": ("Claim", "论断"),
    "verdict": ("Verdict", "结论"),
    "stated": ("As stated", "按原文"),
    "repaired": ("With its hypothesis", "补上假设后"),
    "instead": ("What holds", "成立的是"),
    "further": ("Further", "另有"),
    "denied": ("The implication that the chapter denies", "原文所否定的蕴含关系"),
    "counterexample": (
        "Refuted at `{0}`: the left side is {1}, the right side {2}.",
        "反例：`{0}`；左边为 {1}，右边为 {2}。",
    ),
    "checked": (" ({0}, {1})", "（{0}，{1}）"),
    "stop": (".", "。"),
    "True": ("true", "真"),
    "False": ("false", "假"),
    "inf": ("infinite", "无穷"),
    "nan": ("not defined", "无定义"),
    "agrees": ("agrees", "相符"),
    "not refuted": ("not refuted", "未被推翻"),
    "draws": ("{0} draws", "{0} 次取值"),
    "count": ("{0} claims: {1}.", "共 {0} 条：{1}。"),
    "reading": ("a reading that the chapter leaves open", "原文未排除的一种读法"),
    "legend": ("An asterisk marks readings that the chapter leaves open.", "星号表示原文未排除的读法。"),
    "see": ("companion, not in the chapter", "补充，原文未列"),
}
# the words inside formulas
TEXTS = (
    (r"\text{for }", r"\text{条件：}"), (r"\text{where}", r"\text{其中}"), (r"\text{ and }", r"\text{ 且 }"), (r"\text{, or }", r"\text{，或 }"),
    (r"\text{ or }", r"\text{ 或 }"), (r"\text{if }", r"\text{若 }"), (r"\text{otherwise}", r"\text{其他情形}"), (r"\text{ invertible}", r"\text{ 可逆}"),
    (r"\text{ orthogonal}", r"\text{ 正交}"), (r"\text{ normal}", r"\text{ 正规}"), (r"\text{ diagonalizable}", r"\text{ 可对角化}"), (r"\text{ carries no unit over a kink}", r"\text{ 不使任何单元越过折点}"), (r"\text{ has a }", r"\text{ 有 }"), (r"\text{-cycle}", r"\text{-周期轨}"),
    (r"\text{ is asymptotically stable}", r"\text{ 渐近稳定}"), (r"\text{always}", r"\text{恒成立}"), (r"\text{never}", r"\text{恒不成立}"), (r"\text{not }", r"\text{非 }"),
    (r"\text{ unless }", r"\text{，除非 }"),
)  # fmt: skip


@dataclass(frozen=True)
class Audited:
    """A claim with the checks of its parts and the verdict that follows from them."""

    claim: Claim
    stated: rs.Check
    repaired: tuple[rs.Check, ...]
    instead: tuple[rs.Check, ...]
    verdict: str


def audit(claim: Claim) -> Audited:
    """Verifies every part of a claim.

    Raises: RuntimeError if nothing was tried, or a formula that is printed as true is refuted.
    """
    stated = rs.verify(claim.stated, trials=claim.trials, dims=claim.dims)
    repaired = tuple(rs.verify(r, trials=claim.trials) for r in claim.repaired)
    instead = tuple(rs.verify(r, trials=claim.trials) for r in claim.instead)
    for result, check in zip((*claim.repaired, *claim.instead), (*repaired, *instead), strict=True):
        if not check:
            raise RuntimeError(f"{claim.key}: {result.name} is printed as true, and verify says: {check}")
    if stated.trials == 0:
        raise RuntimeError(f"{claim.key}: nothing was tried of {claim.stated.name}")
    refuted = stated.verdict == "refuted"
    if claim.denies:
        verdict = "true" if refuted else "false"
    else:
        verdict = "true" if not refuted else "given" if repaired else "false"
    return Audited(claim, stated, repaired, instead, verdict)


def plain(value: object) -> str:
    """A number or array in one line, rationals as p/q."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        inner = [plain(v) for v in value]
        return inner[0] if len(inner) == 1 else "[" + ", ".join(inner) + "]"
    return format(value, ".6g") if isinstance(value, float) else str(value)


class Page:
    """The text in one language, 0 English and 1 Chinese."""

    def __init__(self, language: int) -> None:
        self.language = language

    def word(self, key: str, *values: object) -> str:
        return WORDS[key][self.language].format(*values)

    def formula(self, result: rs.Result) -> str:
        tex = re.sub(r"^\$\\displaystyle\s*|\$$", "", result.latex(env="display").strip())
        for english, chinese in TEXTS if self.language else ():
            tex = tex.replace(english, chinese)
        return f"$$\n{tex.strip()}\n$$"

    def check(self, check: rs.Check) -> str:
        return self.word("checked", self.word(check.verdict), self.word("draws", check.trials))

    def counterexample(self, check: rs.Check) -> str:
        values = ", ".join(f"{name} = {plain(v)}" for name, v in (check.worst or {}).items())
        return self.word("counterexample", values, self.value(check.lhs_value), self.value(check.rhs_value))

    def value(self, value: object) -> str:
        text = plain(value)
        return WORDS[text][self.language] if text in WORDS else text

    def entry(self, audited: Audited) -> str:
        claim = audited.claim
        marks = [self.word(key) for key, has in (("see", claim.companion), ("reading", claim.reading)) if has]
        mark = f" ({', '.join(marks)})" if marks else ""
        lines = [f"## {claim.key} {claim.title[self.language]}{mark}", ""]
        colon = "\uff1a" if self.language else ":"
        verdict = VERDICTS[audited.verdict][self.language]
        lines += [f"**{self.word('claim')}{colon}** {claim.says[self.language]}", ""]
        lines += [f"**{self.word('verdict')}{colon}** {verdict}{self.word('stop')}", ""]
        refuted = audited.stated.verdict == "refuted"
        heading = self.word("denied" if claim.denies else "stated")
        lines += [heading + ("" if refuted else self.check(audited.stated)) + colon, "", self.formula(claim.stated), ""]
        if refuted:
            lines += [self.counterexample(audited.stated), ""]
        for heading, results, checks in (
            ("repaired", claim.repaired, audited.repaired),
            ("further" if audited.verdict == "true" else "instead", claim.instead, audited.instead),
        ):
            for result, check in zip(results, checks, strict=True):
                lines += [f"{self.word(heading)}{self.check(check)}{colon}", "", self.formula(result), ""]
        if claim.note[self.language]:
            lines += [claim.note[self.language], ""]
        return "\n".join(lines)

    def summary(self, all_audited: list[Audited]) -> str:
        counts = {v: sum(a.verdict == v for a in all_audited) for v in VERDICTS}
        short = {v: words[self.language].replace("\uff0c", ",").split(",")[0] for v, words in VERDICTS.items()}
        joined = ("\uff1b" if self.language else "; ").join(f"{short[v]} {count}" for v, count in counts.items())
        lines = [f"## {self.word('summary')}", "", self.word("count", len(all_audited), joined), ""]
        lines += [f"| | {self.word('claim')} | {self.word('verdict')} |", "|---|---|---|"]
        for a in all_audited:
            asterisk = " *" if a.claim.reading else ""
            lines.append(f"| {a.claim.key}{asterisk} | {a.claim.title[self.language]} | {short[a.verdict]} |")
        return "\n".join([*lines, "", self.word("legend"), ""])

    def text(self, all_audited: list[Audited]) -> str:
        parts = [f"# {self.word('title')}", "", self.word("intro"), "", self.summary(all_audited)]
        return "\n".join([*parts, *(self.entry(a) for a in all_audited)]).rstrip() + "\n"


def pages() -> dict[str, str]:
    """File name -> text, of both languages."""
    found = [audit(claim) for claim in CLAIMS]
    return {"audit.en.md": Page(0).text(found), "audit.zh.md": Page(1).text(found)}


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
        print(folder / name)
