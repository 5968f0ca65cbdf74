# SPDX-License-Identifier: BSD-2-Clause
"""Scripts whose output, messages and exit codes must be those of Debian's dash and coreutils."""

# One a line, as for sh -c; they start in an empty directory.
SHELL = r"""
echo hello
echo -n a; echo b
echo "a\tb\n" 'c\nd' \\ \$x
echo a   b    'c   d'
echo out; echo err >&2; exit 3
true; echo $?; false; echo $?
true && echo yes || echo no; false && echo yes || echo no
! true; echo $?; ! false; echo $?
nosuch; echo $?
./nosuch; echo $?
/nonexistent/x; echo $?
echo hi > f; ./f; echo $?
printf '#!/bin/sh\necho script $1 $#\n' > f; chmod +x f; ./f one two
printf 'echo plain $0\n' > f; chmod 755 f; ./f
printf '#!/bin/sh -e\nfalse\necho no\n' > f; chmod +x f; ./f; echo $?
printf '#!/usr/bin/env sh\necho env\n' > f; chmod +x f; ./f
sh -c 'echo $0 $1 $#' name arg; sh -c 'echo $#'
sh f; echo $?
printf 'echo $1\n' > f; sh f x
echo 'echo from stdin' | sh
echo 'echo $1' | sh -s a b
x=1; y=$x; echo $x$y ${x}2 "$x" '$x'
x=5 sh -c 'echo $x'; echo "[$x]"
x='a  b'; echo $x; echo "$x"
x=; echo "[${x:-d}] [${x-d}] [${y:-d}] [${y-d}]"
echo ${x:=set} $x; echo ${x:+alt} ${z:+alt}.
echo ${x?}; echo unreachable
echo ${x:?message}; echo unreachable
x=path/to/file.tar.gz; echo ${x##*/} ${x#*/} ${x%.*} ${x%%.*} ${#x}
x=abc; echo ${x%c} ${x#a} ${x%"c"} ${x#'*'}
x='*'; echo "$x" '*'; touch a b; echo $x; echo "$x"
set -- a 'b c' d; echo $# "$1" "$2"; for i; do echo "<$i>"; done
set -- a 'b c' d; for i in "$@"; do echo "[$i]"; done
set -- a 'b c'; for i in $@; do echo "<$i>"; done; for i in "$*"; do echo "<$i>"; done
set --; for i in "$@"; do echo never; done; echo "[$*]" $#
set -- a b c; shift; echo $*; shift 2; echo $#; shift; echo unreachable
IFS=:; x=a:b::c; for i in $x; do echo "<$i>"; done; set -- 1 2; echo "$*"
IFS=', '; x='a, b,c , d'; for i in $x; do echo "<$i>"; done
for i in 1 2 3; do echo $i; done; echo $i
for i in; do echo never; done; echo $?
for i in a b; do for j in 1 2; do echo $i$j; done; done
for i in 1 2 3 4; do if [ $i = 2 ]; then continue; fi; if [ $i = 4 ]; then break; fi; echo $i; done
for i in 1 2; do for j in 1 2; do if [ $j = 2 ]; then continue 2; fi; echo $i$j; done; done
for i in 1 2; do for j in 1 2; do break 2; done; echo never; done; echo after
i=0; while [ $i -lt 3 ]; do echo $i; i=$((i+1)); done
i=3; until [ $i -eq 0 ]; do echo $i; i=$((i-1)); done
while true; do break; done; echo $?
if true; then echo a; elif true; then echo b; else echo c; fi
if false; then echo a; elif true; then echo b; else echo c; fi
if false; then echo a; elif false; then echo b; else echo c; fi
if false; then echo a; fi; echo $?
if ! false; then echo not; fi
case foo in f*) echo f;; *) echo other;; esac
case x in a|x|y) echo alt;; esac; case x in a) ;; esac; echo $?
case "a b" in 'a b') echo quoted;; esac; case '*' in \*) echo star;; esac
case abc in [a-c]bc) echo range;; esac; case abc in [!a]*) echo no;; ?bc) echo any;; esac
x='*'; case abc in "$x") echo no;; $x) echo yes;; esac
case a in (a) echo paren;; esac
f() { echo "f:$1"; return 3; }; f x; echo $?
f() { for i; do echo $i; done; }; f a b; f; echo $?
f() { if [ $1 -gt 0 ]; then echo $1; f $(($1-1)); fi; }; f 3
f() ( exit 4 ); f; echo $?
f() { echo out; echo err >&2; }; f > o 2> e; cat o e
(echo sub; exit 2); echo $?
(x=1; echo $x); echo "[$x]"
{ echo a; echo b; } | cat; { echo c; } > f; cat f
echo a | cat | cat | wc -l
echo x | { read a; echo "got $a"; }
printf 'a b c\nd\n' | while read x y; do echo "$x-$y"; done
printf 'a\\b\n' | { read x; echo "$x"; }; printf 'a\\b\n' | { read -r x; echo "$x"; }
printf '  x  y  \n' | { read a b; echo "[$a][$b]"; }
printf 'a:b:c\n' | { IFS=: read a b; echo "[$a][$b]"; }
read x < /dev/null; echo $?
false | true; echo $?; true | false; echo $?
echo a > f; echo b >> f; cat f; cat < f; cat f > g; cat g
echo err 2> f >&2; cat f
ls nosuch 2>/dev/null; echo $?; ls nosuch > /dev/null 2>&1; echo $?
echo x > nodir/f; echo $?; cat < nosuch; echo $?
echo x > .; echo $?
: > f; cat f; > g; ls
echo a 1>&2 2>/dev/null
exec > f; echo hidden; exec >&2; cat f
cat <<EOF
x=1; cat <<EOF; cat <<'EOF'; cat <<-EOF
echo $(echo sub) `echo back`; echo "$(echo 'a  b')"; echo $(echo 'a  b')
echo $(echo $(echo nested)) `echo \`echo nested\``
x=$(false); echo $?; x=$(exit 5); echo $?; echo $(exit 6) $?
echo "$(printf 'a\n\n\n')".
x=$(cat nosuch); echo "[$x] $?"
echo $((1+2*3)) $(( (1+2)*3 )) $((7%4)) $((-7/2)) $((1<<3|1)) $((5>3)) $((2==2&&1!=1))
x=4; echo $((x+1)) $(($x+1)) $((x*=2)) $x $((y+1)) $((0x10)) $((010))
echo $((1?2:3)) $((0?2:3)) $((!5)) $((~0)) $((1,2))
echo $((1/0)); echo unreachable
echo $((1+)); echo unreachable
echo $$ > f; sh -c 'echo $$' > g; [ "$(cat f)" = "$(cat g)" ]; echo $?
sleep 0.01 & wait; echo done $?
(sleep 0.01; exit 3) & wait $!; echo $?
wait 99999; echo $?
kill -9 $$
kill $$
sh -c 'kill -9 $$'; echo $?
sh -c 'kill -15 $$'; echo $?
sh -c 'kill -1 $$'; echo $?
(kill -9 $$)
kill -0 $$; echo $?; kill -l 9; kill -l 137
kill 99999999; echo $?
exit; echo unreachable
exit 300
exit x; echo unreachable
false; exit
set -e; false; echo unreachable
set -e; false || true; if false; then :; fi; ! true; echo reached; false | true; echo too
set -e; f() { false; echo in; }; f || true; echo after; f; echo unreachable
set -e; x=$(false); echo unreachable
set -e; (false); echo unreachable
set -u; echo $nope; echo unreachable
set -u; echo ${nope:-fine} $#
set -x; echo traced; x=1
set -f; touch a; echo *
set -o errexit; false; echo unreachable
trap 'echo bye' EXIT; echo hi
trap 'echo bye; exit 7' EXIT; exit 3
trap 'echo bye' EXIT; trap - EXIT; echo hi
trap 'echo $?' EXIT; false
eval 'echo a; x=2'; echo $x; eval 'exit 3'; echo unreachable
eval 'false'; echo $?; eval ''; echo $?
echo 'y=7; echo dot' > f; . ./f; echo $y; . ./nosuch; echo unreachable
cd nosuch; echo $?; mkdir d; cd d; basename "$(pwd)"; cd ..; cd - > /dev/null; ls -a
mkdir d; cd d && basename $PWD; cd; echo $?
export A=1; sh -c 'echo $A'; B=2; sh -c 'echo [$B]'; export B; sh -c 'echo $B'
unset A; echo "[$A]"; A=1; unset A; echo "[${A-unset}]"
readonly r=1; r=2; echo unreachable
umask; umask 077; umask; touch f; ls -l f | cut -c1-10; umask 022; mkdir d; ls -ld d | cut -c1-10
type echo ls nosuch f; f() { :; }; type f
command -v echo ls nosuch; echo $?; command -v cd
command echo hi; command nosuch; echo $?
exec echo replaced; echo unreachable
exec nosuch; echo unreachable
touch b a c .h; echo *; echo ?; echo [ab]; echo .*h; echo x*; echo "*"
mkdir d e; touch d/x e/x d/y; echo */x; echo d/*; echo */; echo nosuch/*
touch 'a b'; for i in *; do echo "<$i>"; done; ls a*
touch a; echo \*; echo '*'; echo "a"*
echo ~root; x=~root; echo $x; echo "~" \~
HOME=/h; echo ~ ~/x; cd 2>/dev/null; echo $?
echo a;echo b # comment
echo a#b '#c' #d
echo "unterminated
echo 'unterminated
echo `unterminated
echo $(unterminated
echo )
;
echo a;;
if
if true
if true; then
if true; then fi
while true; do
for
for 1 in a; do :; done
case x in
case x in a) echo
{ echo a
(echo a
echo a |
echo a &&
&& echo a
| cat
fi
done
}
f( { :; }
echo ${x
echo ${x!}; echo unreachable
echo a > ; echo
cat <
echo "a"'b'c"$(echo d)"
echo "\"" "\\" "\a" "\$x" "\`"
echo a\
echo 'a\
[ a = a ]; echo $?; [ a = b ]; echo $?; [ a ]; echo $?; [ '' ]; echo $?; [ ]; echo $?
[ 1 -lt 2 ] && [ 2 -ge 2 ] && [ 1 -ne 2 ] && echo numbers
[ a -eq 1 ]; echo $?
[ a; echo $?
[ ! a = b ]; echo $?; [ ! '' ]; echo $?; [ a = a -a b = b ]; echo $?; [ a = b -o b = b ]; echo $?
touch f; mkdir d; [ -f f ] && [ -d d ] && [ -e f ] && [ ! -e g ] && [ ! -f d ] && echo files
touch f; [ -s f ]; echo $?; echo x > f; [ -s f ]; echo $?
touch f; [ -x f ]; echo $?; chmod +x f; [ -x f ]; echo $?
[ -n x ] && [ -z '' ] && echo strings; [ -n '' ]; echo $?; [ -n ]; echo $?
test -x /bin/sh; echo $?; test -f /bin/ls; echo $?
[ -z a b ]; echo $?
[ '(' a ')' ]; echo $?; [ a '>' b ]; echo $?
printf '%s\n' a b; printf '%d %s|' 1 a 2 b; echo; printf 'no newline'
printf '%5d|%-5d|%05d|%x|%X|%o|%c\n' 42 42 42 255 255 8 xyz
printf '%s %s\n' a; printf '%d\n' ''; printf '%s\n'
printf '%.2f %e %g\n' 3.14159 1234.5 0.0001
printf '%b\n' 'a\tb\\n\101'; printf 'a\tb\n\101\x41\n'
printf '%5s|%-5s|%.2s|%*d\n' ab ab abc 5 42
printf '%d\n' 0x10 010 -5; printf '%u\n' 5; printf '%i\n' 7
printf '%d\n' abc; echo $?
printf '%q'; echo $?
printf '%%\n'; printf; echo $?
yes | head -n 2; seq 3 | tail -n 1
i=0; while :; do i=$((i+1)); [ $i -ge 200 ] && break; done; echo $i
x=$(seq 1 5); echo $x; echo "$x" | wc -l
a=1 b=2; echo $a$b; a=$b; echo $a; c=$a$b; echo $c
echo one; { echo two; exit 4; }; echo unreachable
env -i sh -c 'echo $A.'; A=1 env | grep '^A='
env X=y sh -c 'echo $X'; env nosuch; echo $?; env -u PATH /bin/echo ok
timeout 5 echo fine; timeout 0.05 sleep 5; echo $?; timeout 5 sh -c 'exit 3'; echo $?
timeout; echo $?; timeout x true; echo $?
echo "${x:-a b}" ${x:-"a  b"} ${x:-'q'}
x="it's"; echo "$x" ${x}
echo a"b"c'd'e\f$(echo g)
f() { set -- x y; echo $# $1; }; set -- 1 2 3; f; echo $#
f() { cat; }; echo piped | f; f < /dev/null
x=1; f() { x=2; }; f; echo $x; (x=3); echo $x; x=4 f;
{ false; } || echo caught; (false) || echo caught2
true & wait $!; echo $?; false & wait $!; echo $?
""; echo $?
$nothing; echo $?; $nothing echo x
x='echo a b'; $x; "$x"; echo $?
echo a 3>&1 >&3
echo a >&9; echo $?
echo hi | cat - nosuch; echo $?
mkdir -p d/e; touch d/x d/e/y; find d | sort; find d ! -type d | sort; find . -maxdepth 1 | sort
df . | head -n 1 | cut -c1-10; du -s nosuch
mkdir -p d/e; cp -r d d/e; echo $?; ls d/e
echo a; exec 3> f; echo b >&3; exec 3>&-; cat f
exec 3< nosuch; echo unreachable
printf '\na:b\n' | cut -d: -f1; printf '\n' | cut -s -f1; printf '\n' | cut -c1; printf '\n' | sort | uniq -c; printf '\n' | tr a b; printf '\n' | grep -c ''
mkdir -p dir/sub emptydir deep/er; echo a > dir/a; echo b > dir/sub/b; echo 1 > one; chmod 755 one; echo 2 > two; find . -name '*.x' -delete; find dir -type f -exec cat {} \; | sort; find . -maxdepth 1 -type d | sort; find dir -type f -print0 | tr '\0' ' ' | wc -c; find dir \( -name a -o -name b \) | sort
mkdir -p dir/sub emptydir deep/er; echo a > dir/a; echo b > dir/sub/b; echo 1 > one; chmod 755 one; echo 2 > two; find dir -type f -exec grep -l a {} +; find . -iname ONE; find . -path './dir/*' | sort; find dir -depth | tail -1; find . -perm 755 -type f; find -name one; find . -perm -111 -type f; find . -perm /1 -type f
mkdir -p dir/sub emptydir deep/er; echo a > dir/a; echo b > dir/sub/b; echo 1 > one; chmod 755 one; echo 2 > two; find dir -delete; ls dir; echo $?; find emptydir deep -type d -delete; ls -d emptydir deep
mkdir -p dir/sub emptydir deep/er; echo a > dir/a; echo b > dir/sub/b; echo 1 > one; chmod 755 one; echo 2 > two; find dir -type f -exec sh -c 'echo "[$0]"' {} \; | sort; find dir -type f -exec false {} \; -print; echo $?; find dir -type f -exec true {} \; -print | sort; find dir -exec false {} +; echo $?
mkdir -p dir/sub emptydir deep/er; echo a > dir/a; echo b > dir/sub/b; echo 1 > one; chmod 755 one; echo 2 > two; find . -newer one -name nosuch; touch -d @0 two; find . -newer two -name one; find . ! -newer two -type f; find . -mtime +365 -type f; find . -mmin -60 -name one
mkdir -p dir/sub emptydir deep/er; echo a > dir/a; echo b > dir/sub/b; echo 1 > one; chmod 755 one; echo 2 > two; find dir -name sub -prune -o -print | sort; find dir -name a -o -name sub | sort; find dir ! -name a -a -type f; find dir -not -type d | sort; find . -type f -name one -quit; find . -name one -print -quit
mkdir -p dir/sub emptydir deep/er; echo a > dir/a; echo b > dir/sub/b; echo 1 > one; chmod 755 one; echo 2 > two; find . -user root -name one; find . -exec nosuch {} \; 2>&1 | sort -u | wc -l >/dev/null; find dir -exec; echo $?; find dir -foo; echo $?; find dir -name; echo $?; find dir \( -name a; echo $?; find dir -name a extra; echo $?; find dir -type x; echo $?
mkdir -p dir/sub emptydir deep/er; echo a > dir/a; echo b > dir/sub/b; echo 1 > one; chmod 755 one; echo 2 > two; find dir -type f -exec rm {} \; ; find dir | sort; find dir -empty | sort; find . -maxdepth 1 -type f -size -1k | sort; find . -maxdepth 0; find dir -mindepth 1 -maxdepth 1 | sort; find one two nosuch; echo $?
mkdir -p dir/sub emptydir deep/er; echo a > dir/a; echo b > dir/sub/b; echo 1 > one; chmod 755 one; echo 2 > two; find dir -type f -exec echo x {} y {} \; | sort; find dir -type f | sort | xargs -n1 basename; find dir -type f -exec sh -c 'exit 3' \; -o -print | sort
touch b; ls z b a; echo $?; ls -d nosuch2 nosuch1 .; echo $?
echo a b c | xargs echo; seq 5 | xargs -n 2 echo; seq 3 | xargs -I{} echo x{}y{}; printf 'a\0b c\0' | xargs -0 -n1 echo; echo | xargs -r echo no; echo | xargs echo yes; xargs < /dev/null
printf "'a b' \"c d\" e\\\\ f\n" | xargs -n1 echo; printf '  lead  trail  \nx\n' | xargs -I% echo '[%]'; printf 'a,b,c' | xargs -d, -n1 echo
seq 3 | xargs -t echo; seq 2 | xargs false; echo $?; seq 2 | xargs nosuch; echo $?; seq 2 | xargs sh -c 'exit 255'; echo $?; seq 2 | xargs -n1 sh -c 'exit 3'; echo $?
mkdir -p dir/sub; echo a > dir/a; echo b > dir/sub/b; echo "it's" | xargs; echo $?; seq 4 | xargs -L 2 echo; printf 'a b\nc\n' | xargs -L1 echo; echo x | xargs cat; seq 10000 | xargs -n 5000 echo | wc -l; find dir -type f | sort | xargs cat
seq 3 | xargs -n x; echo $?; echo a | xargs -I{} sh -c 'echo "{}" $0' ; seq 3 | xargs -n1 | cat; seq 5 | xargs -n2 sh -c 'echo $0-$1'; echo a | xargs sh -c 'kill -9 $$'; echo $?
printf 'first\n' > one; printf 'line one\nline two\nline three\n' > two; mkdir -p dir; dd if=two of=o bs=4 count=2 2>/dev/null; cat o; dd if=two bs=1 skip=5 count=3 2>/dev/null
printf 'first\n' > one; printf 'line one\nline two\nline three\n' > two; mkdir -p dir; dd if=/dev/zero of=z bs=1024 count=4 status=noxfer; wc -c z; dd if=z of=y bs=1k seek=2 status=none; wc -c y
printf 'first\n' > one; printf 'line one\nline two\nline three\n' > two; mkdir -p dir; dd if=two of=x status=noxfer; dd if=two of=x bs=5 conv=notrunc seek=1 status=noxfer; cat x; dd if=two ibs=3 obs=10 status=noxfer
printf 'first\n' > one; printf 'line one\nline two\nline three\n' > two; mkdir -p dir; dd of=x status=none < one; cat x; cat two | dd bs=1000 status=noxfer; echo abc | dd conv=ucase status=none; echo ABC | dd conv=lcase status=none
printf 'first\n' > one; printf 'line one\nline two\nline three\n' > two; mkdir -p dir; dd if=nosuch; echo $?; dd if=one of=nodir/x; echo $?; dd foo=1; echo $?; dd bs=x; echo $?; dd bs=0; echo $?; dd conv=nope; echo $?; dd if=dir status=noxfer; echo $?
printf 'first\n' > one; printf 'line one\nline two\nline three\n' > two; mkdir -p dir; dd if=one of=dir; echo $?; dd if=one count=0 status=noxfer; dd if=one bs=2x3 status=noxfer; dd if=/dev/zero bs=1M count=3 status=noxfer | wc -c; dd if=two bs=4 conv=sync status=noxfer | wc -c
printf 'first\n' > one; printf 'line one\nline two\nline three\n' > two; mkdir -p dir; dd if=two iflag=count_bytes count=7 status=noxfer; echo; dd if=two bs=3 skip=100 status=noxfer; dd if=two of=p bs=4 count=1 seek=3 status=none; wc -c p
printf 'first\n' > one; printf 'line one\nline two\nline three\n' > two; mkdir -p dir; dd if=one 2>&1 >/dev/null | tail -1 | cut -c1-15; dd if=/dev/zero bs=1500 count=1 2>&1 >/dev/null | tail -1 | cut -d, -f1-2; dd if=/dev/zero bs=1000 count=1 2>&1 >/dev/null | tail -1 | cut -d, -f1; dd if=/dev/zero bs=1M count=10 2>&1 >/dev/null | tail -1 | cut -d, -f1-2; dd if=/dev/zero bs=1 count=1 2>&1 >/dev/null | tail -1 | cut -d, -f1
date -u -d 'Jan 1 2020' +%F; date -u -d '1 Jan 2020 10:00' +%FT%T; date -d '2020-02-30'; date -d '2020-01-31 +1 month' +%F
date -d '2020-01-01 10:00 -0500' +%FT%T; date -d 'Wed, 01 Jan 2020 00:00:00 GMT' +%s; date -d '2020-01-01 2 hours ago' +%FT%T
date -d '12:00' +%T; date -d 'yesterday 12:00' +%T; date -d '' +%T; date -d '1 fooday'; date -d '3 weeks ago' +%F | wc -c
date -d '2020-01-01 00:00:00 UTC + 90 minutes' +%FT%T; date -d '2020-01-01 next month' +%F
touch -t 202001020304 n; stat -c %Y n; touch -t 2001020304.05 n; stat -c %Y n; touch -d '2020-01-02 03:04:05.5' n; stat -c %y n
touch -d @0 two; ls -l --time-style=full-iso two; ls -l --time-style=+%F two; ls --full-time two; ls -l --time-style=long-iso two; ls -l two
env -0 -i A=1 B=2 | tr '\0' '\n'; A=1 B=2 env -u A -u B env | grep -c '^[AB]='; env -uA -i B=1
cat '' 'no such' "it's"; sha256sum 'x y'; wc 'x y'; head 'x y'
echo a > f; timeout 0.3 tail -f f; echo $?; timeout 0.3 tail -f /dev/null; echo $?
echo a > f; (sleep 0.1; echo more >> f) & timeout 1.6 tail -f f
f() { local x=1; echo $x; }; x=5; f; echo $x
f() { local a b=2; a=3; echo $a$b; return; }; f && echo ok; echo "[$a$b]"
f() { local x=$1; if [ $x -gt 0 ]; then f $((x-1)); fi; echo $x; }; f 3
f() { local PATH=/x; echo $PATH; }; f; echo hi | cat
f() { export E=1; local E=2; sh -c 'echo $E'; }; E=0; f; sh -c 'echo [$E]'
f() { local x; x=in; (echo $x); eval 'local y=3'; echo $y; }; y=9; f; echo "[$x]$y"
local x=1; echo unreachable
f() { local 1x=2; }; f; echo unreachable
x=1; f() { local x; echo "[$x]"; x=2; }; f; echo $x
set -e; f() { local z=1; false; echo no; }; f || echo caught; echo "[$z]"
getopts ab: o -a -b x; echo $o $OPTIND; getopts ab: o -a -b x; echo $o $OPTARG $OPTIND
while getopts "ab:c" o -ac -b v rest; do echo "$o=$OPTARG"; done; echo $OPTIND
set -- -a -b val rest; while getopts "ab:" o; do echo "$o=$OPTARG"; done; shift $((OPTIND-1)); echo $1
set -- -xa -b; while getopts ":ab:" o; do echo "$o=$OPTARG"; done; echo $o $OPTIND
set -- -xa -b; while getopts "ab:" o; do echo "$o=$OPTARG"; done; echo $o $OPTIND
set -- -bval -- -a; while getopts "ab:" o; do echo "$o=$OPTARG"; done; echo $OPTIND
set -- x -a; while getopts "ab:" o; do echo "$o=$OPTARG"; done; echo $OPTIND $?
f() { OPTIND=1; while getopts n: o; do echo $o$OPTARG; done; }; f -n 1; f -n 2
true & false & wait; echo $?
hash; hash -r; echo $?; hash nosuch; echo $?
read -p 'q? ' x </dev/null; echo $?
printf 'a\\b\n' | { read -r -p x y; echo "$y"; }
/bin/../bin/echo x; //usr/bin//echo y; /bin/./echo z; /bin/echo/ w; echo $?
"""

# Several lines each, parted by a line of dashes.
LONGER = r"""
cat <<EOF
a $x $((1+1)) \$x "q" 'q' \\
EOF
x=5
cat <<EOF
${x}b ${y:-none}
EOF
cat <<'EOF'
$x `cmd` \n
EOF
cat <<-EOF
@TAB@tab
@TAB@EOF
cat <<A; cat <<B
first
A
second
B
----
if true
then
  echo a
else
  echo b
fi
for i in 1 2
do
  echo $i
done
while read x
do echo "<$x>"
done <<EOF
l1
l2
EOF
----
f ()
{
  echo "in f"
}
f
g() {
  local=1
  echo $local
}
g
----
echo a

# comment


echo b
nosuch
echo $?
----
case $1 in
  start|stop)
    echo s
    ;;
  '')
    echo empty
    ;;
  *)
    echo other
esac
----
a=1 \
  b=2
echo $a \
  $b
echo "multi
line"
echo 'multi
line'
----
set -- "$(cat <<EOF
in
EOF
)"
echo "$1"
----
true &&
echo and
false ||
echo or
echo a |
cat
----
echo start
nosuch
echo "line $(
nosuch2
)"
""".replace("@TAB@", "\t")

# Programs: the same words go to both sides, without a shell.
PROGRAMS = r"""
echo -e a\tb\\c\0101\x41
echo -n -e x\n
echo -E a\nb
echo -- a
echo -x
echo
true x
false
cat nosuch
cat one nosuch two
cat -n two
cat -A tabs
cat -b blank
cat -s blank
cat -E two
cat -T tabs
cat -v binary
cat dir
cat -Q
cat --nosuch
head two
head -n 1 two
head -n1 two
head -1 two
head -n -1 long
head -n -100 long
head -c 3 two
head -c -3 two
head -n 0 two
head one two
head -q one two
head -v one
head -n x two
head nosuch
head dir
head -c 1k long
tail two
tail -n 1 two
tail -1 two
tail -n +2 two
tail -c 3 two
tail -c +3 two
tail -n 0 two
tail one two
tail -n x two
tail nosuch
tail +2 two
tail +1 one two
tail +x two
wc -L two
wc -lL two tabs
wc -L tabs empty binary one two
ls --color=never one
ls --color one
ls -X
ls -Q one
ls -N
ls --group-directories-first
ls -1X dir one
cat a:b a%b #x {a,b} a$b a'b
date -d 20200101 +%F
date -u -d @86400.5 +%s.%N
date --rfc-3339=seconds -u -d @0
date -d 2020-01-01T10:00:00+02:00 +%FT%T
date -d 2020-13-01
date -d 25:00
date x
touch -t 99 new
tail -n 3 long
tail -n 1 noeol
wc one
wc two long
wc -l two
wc -w two
wc -c two
wc -lw two
wc -l one two
wc -c one two long
wc nosuch
wc dir
wc empty
wc -m two
wc binary
ls
ls -a
ls -A
ls -1
ls dir
ls one dir
ls dir one two
ls -d dir
ls -R
ls -r
ls -F
ls -p
ls nosuch
ls nosuch one
ls -l nosuch
ls -9
ls --nosuch
mkdir new
mkdir dir
mkdir -p dir
mkdir -p a/b/c
mkdir a/b/c
mkdir -v new
mkdir
mkdir one
mkdir one/x
mkdir -p one/x
mkdir -m 700 new
mkdir -m z new
mkdir new new
rmdir dir
rmdir nosuch
rmdir emptydir
rmdir one
rmdir
rmdir -p deep/er
rm nosuch
rm -f nosuch
rm one
rm one nosuch two
rm dir
rm -r dir
rm -rf dir nosuch
rm -d emptydir
rm -d dir
rm
rm -f
rm -r .
rm -r dir/..
rm -v one
rm -rv emptydir
rm -rf /
rm -Z one
rm one/
cp one new
cp one dir
cp one two dir
cp one two
cp one nosuchdir/x
cp one nosuchdir/
cp nosuch new
cp dir new
cp -r dir new
cp -r dir emptydir
cp one two new
cp one
cp
cp one one
cp -v one new
cp -n one two
cp dir/a emptydir/
cp -p script new
cp script new
cp one dir/sub2/x
mv one new
mv one dir
mv one two dir
mv one two
mv nosuch new
mv one one
mv dir emptydir
mv dir new
mv dir one
mv one nosuchdir/x
mv dir dir/sub
mv one
mv -v one new
mv -n one two
mv emptydir dir
mv one two new
touch new
touch one
touch nosuchdir/x
touch -c new
touch
touch new/
touch -d 2020-01-02 new
touch -d nonsense new
chmod 600 one
chmod u+x one
chmod a-r,u=rw one
chmod +x one
chmod z one
chmod 99 one
chmod 644 nosuch
chmod 644
chmod
chmod -R 700 dir
chmod -x script
stat nosuch
stat -c %n:%s:%a:%A:%F:%U:%h one
stat -c %s one two
stat -c %F dir empty
stat
truncate -s 10 one
truncate -s 0 one
truncate -s +5 one
truncate -s 1K new
truncate one
truncate -s x one
sha256sum one
sha256sum one two
sha256sum nosuch
sha256sum dir
sha256sum -c sums
sha256sum -c badsums
sha256sum -c one
base64 one
base64 long
base64 -w 0 long
base64 -d b64
base64 -d one
base64 nosuch
basename a/b/c
basename a/b/c.txt .txt
basename /
basename a/
basename
basename a b c
dirname a/b/c
dirname a
dirname /a
dirname a/b/
dirname / a//b
dirname
seq 3
seq 2 5
seq 1 2 7
seq 5 -2 1
seq -w 8 11
seq -s , 3
seq 3 1
seq
env A=1 nosuch
env -i A=1 env
env -i A=1 B=2 printenv B
printenv NOSUCHVAR
pwd -Z
sort long
sort -r long
sort -n numbers
sort -u long
sort -k 2 fields
sort -t : -k 2 colons
sort -nr numbers
sort nosuch
sort -f mixed
uniq dup
uniq -c dup
uniq -d dup
uniq -u dup
cut -d : -f 2 colons
cut -d : -f 1,3 colons
cut -d : -f 2- colons
cut -c 1-3 long
cut -b 2 long
cut -f 1 colons
cut -s -f 1 colons
cut
cut -f 0 colons
cut -f x colons
cut -d ab -f 1 colons
grep a long
grep -c a long
grep -n a long
grep -v a long
grep -i A long
grep -l a long two one
grep a long two
grep -h a long two
grep -q a long
grep -q zzz long
grep zzz long
grep a nosuch
grep -s a nosuch
grep -x apple long
grep -w an words
grep -E an|ch long
grep -E ^(a|b) long
grep -E e$ long
grep -F . long
grep -E a{2} words
grep a\{2\} words
grep ^$ blank
grep [[:digit:]] numbers
grep -E [^a-z] mixed
grep -E (a long
grep [a long
grep -m 1 a long
grep -e a -n long
grep a.*e long
grep \bch words
grep a* long
grep *a long
grep -E a+ words
grep -E x?y words
grep
grep a dir
tr a b
tr
tr a
id -u
id -un
id -g
id nosuchuser
whoami
uname -Z
uname x
true --help=no
test
test a
test a = a
test 1 -gt 2
test -f one
test x -eq 1
[ a = a ]
[ a = a
printf %s\n a b
printf
printf %d\n x
printf %s
sleep x
sleep
sleep 0
sleep 0.01 0.01
timeout 1
tee
readlink one
readlink -f one
realpath -m /a/../b/./c
realpath nosuch/x
date -u -d @0
date -u -d @1000000000 +%Y-%m-%dT%H:%M:%S
date -u -d @1000000000 +%A,%d_%B_%Y_%j_%U_%W_%V_%u_%w_%y_%C_%e_%k_%l_%I_%p
date -u -d @1000000000 -R
date -u -d @1000000000 -Iseconds
date -u -d @1000000000 -I
date -u -d @1000000000 +%s.%N_%3N_%-d_%_d_%05d
date -u -d @1000000000 +%c|%D|%F|%r|%R|%T|%x|%X|%Z|%z|%:z|%n|%t|%%
date -u -d 2024-02-29
date -u -d 2024-02-29T12:34:56 +%s
date -u -d nonsense
date -u -d @951782400 +%a
find dir -type d
find . -name o*
find nosuch
find dir -name sub -maxdepth 1
find . -type f -size +100c -name b*s
find . -type f -empty
find dir -mindepth 1 -type d
find . -maxdepth 1 -name *e
du -s emptydir
which nosuch
nproc x
kill
kill -l KILL
kill -l 15
df nosuch
mktemp -u /tmp/aXX
"""
