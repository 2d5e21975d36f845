"""Names of files, columns and tasks: empty ones, equal ones, formulas, paths, whatever steers a terminal."""

from tests.data.corpus.case import GOOD, Case, changed, columns, text

PLAIN = text(GOOD)


def renamed(new: str, old: str = "x") -> str:
    return text({new if name == old else name: cells for name, cells in GOOD.items()})


META = "task,size\n" + "".join(f"site {each},{k * k + 1}\n" for k, each in enumerate("abcdef"))

CASES = {
    "a file in a folder with blanks": Case(PLAIN, name="my data/of today.csv"),
    "a file called as an option": Case(PLAIN, ("--ignore", "x"), name="./--strict"),
    "a file called as a formula": Case(PLAIN, name="=cmd()|'a'!A0"),
    "a file whose name breaks the line": Case("", name="a\nb\x1b[2J.csv"),
    "a file of another ending": Case(PLAIN, name="data.parquet"),
    "a file without an ending": Case(PLAIN, name="data"),
    "a column without a name": Case(renamed("")),
    "a column called by blanks": Case(renamed("   ")),
    "all columns without a name": Case(",,,\n1,2,3,4\n5,6,7,8\n"),
    "a column twice": Case(PLAIN.replace("x", "y", 1)),
    "columns that differ by blanks": Case(text({**GOOD, " x": GOOD["y"]})),
    "columns that differ by case": Case(text({**GOOD, "X": GOOD["y"]})),
    "columns that differ by Unicode form": Case(text({**GOOD, "caf\u00e9": GOOD["x"], "cafe\u0301": GOOD["y"]})),
    "a task column with a blank in its name": Case(renamed("task ", "task")),
    "a task column of another case": Case(renamed("Task", "task")),
    "a target of another case": Case(renamed("Target", "target")),
    "a formula as a column": Case(renamed('=HYPERLINK("http://a",1)')),
    "a path as a column": Case(renamed("../../etc/passwd")),
    "a zero width letter as a column": Case(renamed("\u200b")),
    "a column that turns the line round": Case(renamed("\u202ex")),
    "a column that clears the screen": Case(renamed("\x1b[2Jx")),
    "a column of line breaks": Case(renamed("a\nb")),
    "columns called as parts of a date": Case(changed(day=lambda k: f"2020-01-{k % 28 + 1:02}", day__month=["1", "2"])),
    "a column called as a part of a date": Case(
        text({**columns(day=lambda k: f"20{k % 20 + 10}-0{k % 9 + 1}-01"), "day (month)": GOOD["y"]})
    ),
    "numbers as columns": Case(renamed("1")),
    "the task is the target": Case(PLAIN, ("--target", "task")),
    "the target is a feature": Case(PLAIN, ("--features", "target")),
    "all columns ignored": Case(PLAIN, ("--ignore", "x", "--ignore", "y")),
    "a column that there is not": Case(PLAIN, ("--categorical", "z")),
    "a column of both kinds": Case(PLAIN, ("--categorical", "x", "--numeric", "x")),
    "two targets, one of text": Case(changed(target2=["a", "b", "c"]), ("--target", "target", "--target", "target2")),
    "a formula as a task": Case(changed(task=dict.fromkeys(range(0, 48, 6), "=1+1"))),
    "a path as a task": Case(changed(task=dict.fromkeys(range(0, 48, 6), "../../etc/passwd"))),
    "a task that clears the screen": Case(changed(task=dict.fromkeys(range(0, 48, 6), "\x1b[2J"))),
    "a row without a task": Case(changed(task={11: ""})),
    "a task of blanks": Case(changed(task={11: "  "})),
    "a task called NA": Case(changed(task=dict.fromkeys(range(0, 48, 6), "NA"))),
    "tasks that differ by blanks": Case(changed(task={0: " site a", 6: "site a ", 12: "site\u00a0a"})),
    "tasks that differ by case": Case(changed(task={0: "Site A", 6: "SITE A"})),
    "tasks that differ by Unicode form": Case(changed(task=["caf\u00e9", "cafe\u0301", "b"])),
    "tasks that differ by leading zeros": Case(changed(task=["01001", "1001", "02"])),
    "tasks that are numbers of two forms": Case(changed(task=["1", "1.0", "2", "2.00"])),
    "every row a task": Case(changed(task=lambda k: f"t{k}")),
    "one task": Case(changed(task=["a"])),
    "one task of all but one row": Case(changed(task=lambda k: "b" if k == 7 else "a")),
    "metadata": Case(PLAIN, meta=META),
    "metadata of no task": Case(PLAIN, meta=META.replace("site", "place")),
    "metadata of some tasks": Case(PLAIN, meta="\n".join(META.splitlines()[:3])),
    "metadata of more tasks": Case(PLAIN, meta=META + "site g,1\n"),
    "metadata of a task twice": Case(PLAIN, meta=META + "site a,2\n"),
    "metadata without a row": Case(PLAIN, meta="task,size\n"),
    "metadata without a task column": Case(PLAIN, meta=META.replace("task", "site")),
    "metadata without a use": Case(PLAIN, meta="task,size\n" + "".join(f"site {each},1\n" for each in "abcdef")),
    "metadata that are the data": Case(PLAIN, meta=PLAIN),
    "metadata of bytes": Case(PLAIN, meta=b"\x80\x05\x95\x00"),
    "metadata whose tasks have other blanks": Case(PLAIN, meta=META.replace("site ", " site\u00a0")),
    "metadata called as a feature": Case(PLAIN, meta=META.replace("size", "x")),
    "a test file": Case(PLAIN, test="\n".join(PLAIN.splitlines()[:9])),
    "a test file without a target": Case(PLAIN, test="task,x,y\nsite a,1,2\n"),
    "a test file with an empty target": Case(PLAIN, test="task,x,y,target\nsite a,1,2,\n"),
    "a test file of other columns": Case(PLAIN, test="task,u,v,target\nsite a,1,2,3\n"),
    "a test file of text in a column of numbers": Case(PLAIN, test="task,x,y,target\nsite a,low,2,3\n"),
    "a test file of another notation": Case(PLAIN, test='task,x,y,target\nsite a,"1,5",2,3\nsite b,"2,5",1,2\n'),
    "a test file of other tasks": Case(PLAIN, test="task,x,y,target\nsite z,1,2,3\n"),
}
