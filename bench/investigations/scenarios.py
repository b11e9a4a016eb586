"""The scenarios: real programs, each with one planted cause that a user would search for.

Every scenario is recorded in a directory of its own, as the current directory, with BAD empty (a good run) or 1 (a bad
one), and with X set to `good` or `bad`. `prepare` makes the directory's content and is not recorded; `run` is. `cause`
matches what a finding says that names the cause. `needs` lists the programs without which the scenario is skipped.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scenario:
    name: str
    story: str  # what changed, as the one who planted it knows it
    needs: str
    prepare: str
    run: str
    cause: str  # a regular expression
    good: str = ""
    bad: str = ""


SCENARIOS = (
    # Interpreters
    Scenario(
        "perl-library", "PERL5LIB names a second directory, whose module comes first", "perl",
        """mkdir lib lib.new; for i in 1 2 3 4 5 6; do echo "package P$i; 1;" >lib/P$i.pm; done; cp lib/P3.pm lib.new
           for i in 1 2 3 4 5 6; do echo "use P$i;"; done >app.pl""",
        "PERL5LIB=$X perl app.pl",
        r"lib\.new/P3\.pm",
        good="lib", bad="lib.new:lib"),
    Scenario(
        "python-no-cache", "the byte code of a package is not writable any more, and so compiled in each run", "python3",
        """mkdir app; for i in $(seq 12); do echo "def f$i(): return $i" >app/m$i.py; done; touch app/__init__.py
           for i in $(seq 12); do echo "import app.m$i"; done >main.py; python3 main.py
           [ -z "$BAD" ] || rm -r app/__pycache__""",
        "for i in 1 2 3; do PYTHONDONTWRITEBYTECODE=$BAD python3 main.py; done",
        r"__pycache__"),
    Scenario(
        "python-path-file", "a .pth file imports a tracer into every interpreter", "python3",
        """mkdir site; echo "print('x')" >main.py; echo "import json" >main.py
           [ -z "$BAD" ] || { echo "import tracer" >site/zz.pth; echo "import xml.dom.minidom" >site/tracer.py; }
           echo "import site, sys; site.addsitedir('site')" >boot.py""",
        "for i in 1 2 3 4; do PYTHONDONTWRITEBYTECODE=1 python3 -c 'exec(open(\"boot.py\").read()); exec(open(\"main.py\").read())'; done",
        r"tracer|minidom|zz\.pth|/xml/"),
    Scenario(
        "node-require", "NODE_OPTIONS loads an instrumentation before every script", "node",
        """mkdir lib hook; for i in 1 2 3 4 5; do echo "exports.a = $i" >lib/m$i.js; done
           for i in 1 2 3 4 5; do echo "require('./lib/m$i')"; done >app.js
           for i in 1 2 3; do echo "exports.a = $i" >hook/h$i.js; done
           for i in 1 2 3; do echo "require('./h$i')"; done >hook/trace.js""",
        "NODE_OPTIONS=${BAD:+--require=$PWD/hook/trace.js} node app.js",
        r"/hook"),
    Scenario(
        "java-agent", "a jar is on the class path that was not", "java javac jar",
        """mkdir a b; printf 'public class App { public static void main(String[] a) throws Exception {
             try { Class.forName("Extra"); } catch (ClassNotFoundException e) {} } }' >a/App.java
           echo 'public class Extra {}' >b/Extra.java; javac -d a a/App.java; javac -d b b/Extra.java
           jar cf extra.jar -C b Extra.class""",
        "java -Xshare:auto -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp a${BAD:+:extra.jar} App",
        r"extra\.jar"),
    # Compilers, linkers, loaders
    Scenario(
        "static-link", "the linker takes the static library", "gcc ar",
        """printf 'int g(void) { return 1; }' >g.c; printf 'int g(void); int main(void) { return g(); }' >m.c
           gcc -c g.c m.c; ar r libg.a g.o 2>/dev/null; gcc -shared -fPIC -o libg.so g.c""",
        "gcc -o app m.o -L. -Wl,-B$X -lg -Wl,-Bdynamic",
        r"libg\.(a|so)",
        good="dynamic", bad="static"),
    Scenario(
        "other-compiler", "make takes clang for gcc", "make gcc clang",
        """for i in 1 2 3 4; do echo "int f$i(int a) { return a; }" >f$i.c; done
           printf 'all: f1.o f2.o f3.o f4.o\\n%%.o: %%.c\\n\\t$(CC) -c $<\\n' >Makefile""",
        "make -s CC=$X",
        r"program .*clang",
        good="gcc", bad="clang"),
    Scenario(
        "debug-flag", "a flag makes the compiler write intermediate files", "gcc",
        "for i in 1 2 3 4 5; do echo \"int f$i(int a) { return a; }\" >f$i.c; done",
        "for i in 1 2 3 4 5; do gcc $X -c f$i.c -o f$i.o; done",
        r"\.i\b|f\d\.s\b|debug-flag/\*\*",
        good="", bad="-save-temps=obj"),
    Scenario(
        "library-path", "LD_LIBRARY_PATH finds an older library", "gcc",
        """mkdir old new; echo 'int v(void) { return 1; }' >v.c; gcc -shared -fPIC -o old/libv.so v.c; cp old/libv.so new
           printf 'int v(void); int main(void) { return !v(); }' >m.c; gcc -o app m.c -Lnew -lv""",
        "for i in 1 2 3; do LD_LIBRARY_PATH=$X ./app; done",
        r"/old/libv|/new/libv",
        good="new", bad="old:new"),
    Scenario(
        "preload", "a library is preloaded into every program", "gcc",
        "echo 'int unused_symbol(void) { return 1; }' >p.c; gcc -shared -fPIC -o libhook.so p.c; seq 100 >data",
        "export LD_PRELOAD=${BAD:+$PWD/libhook.so}; for i in 1 2 3 4; do sort data | head -n 3 | tail -n 1; done",
        r"libhook\.so"),
    Scenario(
        "header-shadowed", "an include directory of the same names comes first", "gcc",
        """mkdir inc shadow; for i in $(seq 20); do echo "int h$i(void);" >inc/h$i.h; done; cp inc/h7.h shadow
           for i in $(seq 20); do echo "#include <h$i.h>"; done >a.c; cp a.c b.c; cp a.c c.c""",
        "for f in a b c; do gcc ${BAD:+-Ishadow} -Iinc -c $f.c; done",
        r"shadow"),
    # Test runners and builds
    Scenario(
        "test-fixtures", "a test reads each fixture instead of one", "python3",
        """mkdir tests data; for i in $(seq 150); do echo $i >data/f$i.txt; done; touch tests/__init__.py
           for t in a b c; do printf 'import unittest, glob, os
class T(unittest.TestCase):
    def test(self):
        files = sorted(glob.glob("data/*.txt"))
        for f in files if os.environ["BAD"] and "%s" == "b" else files[:1]:
            with open(f) as g: g.read()
' $t >tests/test_$t.py; done""",
        "PYTHONDONTWRITEBYTECODE=1 python3 -m unittest -q tests.test_a tests.test_b tests.test_c 2>/dev/null",
        r"/data"),
    Scenario(
        "ctest-retries", "a test fails at first and is run again", "ctest",
        """for i in 1 2 3 4 5 6; do echo "add_test(t$i sh t$i.sh)"; echo "grep -q . in$i" >t$i.sh; echo x >in$i; done >CTestTestfile.cmake
           [ -z "$BAD" ] || : >in4""",
        "ctest --repeat until-pass:4 >/dev/null || true",
        r"t4\.sh|in4"),
    Scenario(
        "rebuild-all", "a header was touched, and everything is built again", "make gcc",
        """for i in $(seq 8); do printf '#include "c.h"\\n int f%s(int a) { return a; }' $i >f$i.c; done; echo '' >c.h
           printf 'O=$(patsubst %%.c,%%.o,$(wildcard *.c))\\nall: $(O)\\n%%.o: %%.c c.h\\n\\tgcc -c $<\\n' >Makefile
           make -s; sleep 0.02; touch f3.c; [ -z "$BAD" ] || touch c.h""",
        "make -s",
        r"runs .*gcc"),
    Scenario(
        "find-exec", "find starts a program for each file", "find grep",
        "mkdir d; for i in $(seq 40); do seq $i >d/f$i; done",
        "find d -type f -exec grep -c 3 {} $X >out || true",
        r"runs .*grep",
        good="+", bad=";"),
    # Shells
    Scenario(
        "bash-profile", "the profile starts a program for a prompt", "bash git",
        """git init -q repo; mkdir home; echo 'alias l=ls' >home/.bashrc
           [ -z "$BAD" ] || echo 'B=$(cd repo && git rev-parse --abbrev-ref HEAD 2>/dev/null)' >>home/.bashrc""",
        "for i in 1 2 3; do HOME=$PWD/home bash --rcfile home/.bashrc -i -c 'ls >/dev/null' 2>/dev/null; done",
        r"/usr/bin/git\b"),
    Scenario(
        "zsh-plugins", "a plugin directory with fifteen files is sourced", "zsh",
        """mkdir -p home plug; for i in $(seq 15); do echo "p$i() { :; }" >plug/p$i.zsh; done; echo 'setopt nullglob' >home/.zshrc
           [ -z "$BAD" ] || echo "for f in $PWD/plug/*.zsh; do . \\$f; done" >>home/.zshrc""",
        "HOME=$PWD/home ZDOTDIR=$PWD/home zsh -i -c true </dev/null 2>/dev/null",
        r"/plug"),
    Scenario(
        "fish-functions", "a function is loaded from another directory", "fish",
        """mkdir -p home/.config/fish/conf.d home/.config/fish/functions; echo 'set -g a 1' >home/.config/fish/conf.d/a.fish
           echo 'function go; end' >home/.config/fish/functions/go.fish
           HOME=$PWD/home fish -c true; [ -z "$BAD" ] || echo 'set -g b 1' >home/.config/fish/conf.d/b.fish""",
        "HOME=$PWD/home fish -c 'go; go'",
        r"conf\.d/b\.fish"),
    Scenario(
        "poll-loop", "a loop polls a file far longer", "bash",
        "echo waiting >status",
        "n=0; while [ $n -lt $X ]; do read -r x <status; n=$((n + 1)); done; true",
        r"/status",
        good="6", bad="60"),
    Scenario(
        "optional-config", "an optional file of settings is gone", "bash",
        """mkdir etc; for i in 1 2 3 4; do echo "A$i=1" >etc/$i.conf; done; [ -z "$BAD" ] || rm etc/3.conf
           echo 'for i in 1 2 3 4; do [ ! -f etc/$i.conf ] || . etc/$i.conf; done; sort etc/1.conf >/dev/null' >service""",
        "bash service",
        r"etc/3\.conf"),
    Scenario(
        "fallback-file", "the file of the user is unreadable, and that of the system is taken", "bash",
        """mkdir user system; echo k >user/keys; echo k >system/keys; [ -z "$BAD" ] || rm user/keys
           echo 'k=user/keys; [ -f $k ] || k=system/keys; cat $k; sort $k' >service; seq 9 >data; cp data data2""",
        "bash service >/dev/null; wc data data2 >/dev/null",
        r"system/keys"),
    # Databases and stores
    Scenario(
        "sqlite-journal", "a rollback journal for each transaction", "python3",
        """echo "import sqlite3, os
c = sqlite3.connect('app.db', isolation_level=None)
c.execute('pragma journal_mode=' + ('delete' if os.environ['BAD'] else 'memory'))
c.execute('create table if not exists t(a)')
for i in range(60): c.execute('insert into t values(?)', (i,))" >app.py""",
        "python3 app.py",
        r"app\.db-journal"),
    Scenario(
        "sqlite-attached", "a second database is attached", "python3",
        """echo "import sqlite3, os
c = sqlite3.connect('app.db')
if os.environ['BAD']: c.execute(\\"attach 'archive.db' as a\\"); c.execute('create table if not exists a.t(a)')
c.execute('create table if not exists t(a)'); c.commit()" >app.py""",
        "python3 app.py",
        r"archive\.db"),
    Scenario(
        "loose-refs", "references are files instead of one packed file", "git",
        """git init -q r; cd r; git -c user.name=a -c user.email=a commit -q --allow-empty -m a
           for i in $(seq 60); do git update-ref refs/tags/t$i HEAD; done; [ -n "$BAD" ] || git pack-refs --all""",
        "cd r; git for-each-ref >/dev/null; git log -1 --decorate >/dev/null",
        r"refs/tags"),
    Scenario(
        "mail-spool", "messages are renamed to another directory", "bash mv",
        "mkdir new cur; for i in $(seq 25); do echo $i >new/m$i; done",
        "for f in new/*; do cat $f >/dev/null; done; [ -z \"$BAD\" ] || mv new/* cur",
        r"/cur|mv\b|/new"),
    # Packages and archives
    Scenario(
        "archive-too-much", "a directory to leave out is packed", "tar",
        "mkdir -p p/src p/cache/a p/cache/b; for i in $(seq 30); do echo $i >p/src/s$i; echo $i >p/cache/a/c$i; echo $i >p/cache/b/d$i; done",
        "tar cf out.tar --exclude=$X p",
        r"p/cache|\bcache",
        good="p/cache", bad="p/none"),
    Scenario(
        "package-script", "a package's script runs a program for each file", "dpkg-deb dpkg",
        """mkdir -p pkg/DEBIAN pkg/opt/app root/var/lib/dpkg/info root/var/lib/dpkg/updates; : >root/var/lib/dpkg/status
           for i in $(seq 12); do echo $i >pkg/opt/app/f$i; done
           printf 'Package: app\\nVersion: 1\\nArchitecture: all\\nMaintainer: a <a@b.c>\\nDescription: a\\n' >pkg/DEBIAN/control
           [ -z "$BAD" ] || { printf '#!/bin/sh\\nfor f in $DPKG_ROOT/opt/app/*; do md5sum $f; done >/dev/null\\n' >pkg/DEBIAN/postinst; chmod 755 pkg/DEBIAN/postinst; }
           dpkg-deb -b pkg app.deb >/dev/null""",
        "dpkg --force-all --force-script-chrootless --root=$PWD/root -i app.deb >/dev/null 2>&1",
        r"postinst|md5sum"),
    Scenario(
        "pip-metadata", "a second tree of packages is searched", "pip3",
        """for t in one two; do for i in 1 2 3 4 5; do d=$t/p$t$i-1.dist-info; mkdir -p $d
             printf 'Metadata-Version: 2.1\\nName: p%s%s\\nVersion: 1\\n' $t $i >$d/METADATA; done; done""",
        "PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$PWD/one${BAD:+:$PWD/two} pip3 list --disable-pip-version-check >/dev/null 2>&1",
        r"/two"),
    # Containers
    Scenario(
        "container-volume", "another volume is mounted at /srv of a container", "unshare mount",
        """mkdir v1 v2 mnt; for i in 1 2 3 4 5; do echo $i >v1/f$i; echo $i >v2/g$i; done""",
        "unshare -m sh -c 'mount --bind $X mnt; cat mnt/* >/dev/null'",
        r"v2|v1|mnt",
        good="v1", bad="v2"),
    Scenario(
        "container-nss", "the name service of a container asks one more library", "unshare mount getent",
        """printf 'passwd: files%s\\n' "${BAD:+ compat}" >nsswitch.conf""",
        "unshare -m sh -c 'mount --bind nsswitch.conf /etc/nsswitch.conf; for i in 1 2 3; do getent passwd nobody0; getent passwd root; done' >/dev/null || true",
        r"libnss_compat"),
    # Programs of every day
    Scenario(
        "locale", "a locale is set that was not", "sort",
        "seq 100 >data",
        "export LC_ALL=$X; for i in 1 2 3; do sort data >/dev/null; sed -n 1p data >/dev/null; done",
        r"locale|gconv|C\.utf8",
        good="C", bad="C.UTF-8"),
    Scenario(
        "sort-spills", "sort has little memory and writes temporary files", "sort",
        "seq 60000 | sed 's/$/ some text of a line/' >data; mkdir spill",
        "sort -r -S $X -T spill data >out",
        r"spill",
        good="50M", bad="100k"),
    Scenario(
        "certificate-directory", "certificates are searched in a directory", "openssl",
        """openssl req -x509 -newkey rsa:1024 -nodes -keyout k -out c.pem -days 1000 -subj /CN=a 2>/dev/null; mkdir ca
           for i in 1 2 3; do cp c.pem ca/c$i.pem; done; openssl rehash ca""",
        "for i in 1 2 3 4; do openssl verify $X c.pem; openssl x509 -in c.pem -noout; done >/dev/null",
        r"/ca/",
        good="-CAfile c.pem", bad="-CApath ca"),
    Scenario(
        "ssh-includes", "the configuration includes a directory", "ssh",
        """mkdir conf.d; for i in $(seq 10); do echo "Host h$i" >conf.d/$i; done; echo 'Host a' >config
           [ -z "$BAD" ] || sed -i "1i Include $PWD/conf.d/*" config""",
        "ssh -G -F config host >/dev/null",
        r"conf\.d"),
    Scenario(
        "log-rotation", "a log is rotated at every message", "bash mv",
        "echo start >app.log; : >conf",
        """for i in $(seq 12); do [ -z "$BAD" ] || mv app.log app.log.$i; echo message $i >>app.log; done; cat conf""",
        r"app\.log\.|mv\b"),
    # Time
    Scenario(
        "slow-child", "one step of a pipeline sleeps", "sleep",
        "seq 100 >data; printf '[ -z \"$BAD\" ] || sleep 1\\ncat data\\n' >step2.sh; printf 'cat data\\n' >step1.sh",
        "for s in step1 step2 step1; do sh $s.sh >/dev/null; done",
        r"sleep|step2"),
    Scenario(
        "slow-directory", "every file of one directory takes longer", "python3",
        """mkdir remote local; for i in $(seq 20); do echo $i >remote/r$i; echo $i >local/l$i; done
           echo "import os, time
for d in 'local', 'remote', 'local':
  for f in sorted(os.listdir(d)):
    if os.environ['BAD'] and d == 'remote': time.sleep(0.03)
    with open(d + '/' + f) as g: g.read()" >app.py""",
        "python3 app.py",
        r"remote"),
)
