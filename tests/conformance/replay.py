#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Replay the QGA differential corpus against an agent behind a stream socket.

    replay.py SOCKET --dir DIR [--set open|PATH ...] [options]

SOCKET is a unix socket path (e.g. a QEMU "-chardev socket,...,server=on"
that feeds a virtserialport, or a qemu-ga started with -m unix-listen), or
tcp:HOST:PORT.  Exactly one connection is opened and kept for the whole run.
DIR is an existing, writable directory INSIDE the guest.

Every case is isolated by a resync: 0xFF + guest-sync-delimited(id), then
everything up to the 0xFF-prefixed reply that carries the id is discarded.

Prints one line per case (PASS / FAIL / SKIP name: reason) and a summary whose
last line is "N passed, N failed, N skipped".  Exit status: 0 when nothing
failed, 1 when a case failed, 2 when the agent never answered.

Python 3.11 standard library only.
"""
import argparse
import base64
import hashlib
import json
import os
import random
import re
import select
import socket
import sys
import time

sys.setrecursionlimit(20000)          # corpus cases nest up to 1024 deep
HERE = os.path.dirname(os.path.abspath(__file__))
TEMPLATE = re.compile(rb'\{(DIR|U|H:[A-Za-z0-9_]+)\}')
TEMPLATE_S = re.compile(r'\{(DIR|U|H:[A-Za-z0-9_]+)\}')
DESC_ONLY = 'text only: '
POSITION = re.compile(r'^\d+:\d+: ')          # QEMU >= 11 prefixes parse errors


class Dead(Exception):
    """The connection is gone or the agent does not answer any more."""


class Timeout(Exception):
    pass


# --------------------------------------------------------------------------
# transport
# --------------------------------------------------------------------------
class Link:
    """One stream connection; hands out reply lines in arrival order."""

    def __init__(self, where, connect_wait=30.0):
        self.where = where
        end = time.monotonic() + connect_wait
        while True:
            try:
                if where.startswith('tcp:'):
                    _, host, port = where.split(':', 2)
                    self.s = socket.create_connection((host, int(port)))
                else:
                    self.s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                    self.s.connect(where)
                break
            except OSError as e:
                if time.monotonic() >= end:
                    raise Dead('cannot connect to %s: %s' % (where, e))
                time.sleep(0.2)
        self.s.setblocking(False)
        self.buf = bytearray()
        self.scan = 0
        self.eof = False

    def fill(self, until):
        """Read once, waiting at most to monotonic time `until`."""
        if self.eof:
            return False
        left = max(0.0, until - time.monotonic())
        r, _, _ = select.select([self.s], [], [], left)
        if not r:
            return False
        try:
            d = self.s.recv(1 << 18)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            d = b''
        if not d:
            self.eof = True
            return False
        self.buf += d
        return True

    def send(self, data, timeout=60.0):
        """Send everything, reading meanwhile so neither side can deadlock."""
        view = memoryview(data)
        end = time.monotonic() + timeout
        while view:
            if self.eof:
                raise Dead('connection closed by the agent')
            left = end - time.monotonic()
            if left <= 0:
                raise Timeout('agent stopped reading')
            r, w, _ = select.select([self.s], [self.s], [], min(left, 1.0))
            if r:
                self.fill(time.monotonic())
            if w:
                try:
                    n = self.s.send(view[:65536])
                except (BlockingIOError, InterruptedError):
                    continue
                except OSError as e:
                    self.eof = True
                    raise Dead('send failed: %s' % e)
                view = view[n:]

    def line(self, until):
        """Next newline-terminated reply without the newline, or None."""
        while True:
            i = self.buf.find(b'\n', self.scan)
            if i >= 0:
                out = bytes(self.buf[:i])
                del self.buf[:i + 1]
                self.scan = 0
                return out
            self.scan = len(self.buf)
            if time.monotonic() >= until and not select.select([self.s], [], [], 0)[0]:
                return None
            if not self.fill(until):
                if self.eof:
                    if b'\n' in self.buf:
                        continue
                    return None
                if time.monotonic() >= until:
                    return None

    def reconnect(self):
        self.s.close()
        time.sleep(0.25)
        self.__init__(self.where)
        time.sleep(0.25)

    def pending(self):
        return bytes(self.buf)


def resync(link, timeout, tries=3):
    """Bring both parsers to a known state.  Returns the lines that preceded
    the delimited reply (they belong to the past, plus what 0xFF provoked)."""
    before = []
    for _ in range(tries):
        token = random.randrange(1, 1 << 48)
        link.send(b'\xff{"execute":"guest-sync-delimited","arguments":{"id":%d}}\n' % token)
        end = time.monotonic() + timeout
        while True:
            ln = link.line(end)
            if ln is None:
                if link.eof:
                    raise Dead('connection closed by the agent')
                break
            k = ln.rfind(b'\xff')
            if k >= 0:
                try:
                    if json.loads(ln[k + 1:]).get('return') == token:
                        return before
                except (ValueError, AttributeError):
                    pass
            before.append(ln)
    raise Dead('no answer to 0xFF + guest-sync-delimited')


# --------------------------------------------------------------------------
# templates and replies
# --------------------------------------------------------------------------
def subst_bytes(data, env):
    def one(m):
        k = m.group(1).decode()
        return str(env.get(k, '-424242')).encode()
    return TEMPLATE.sub(one, data)


def subst_value(v, env):
    if isinstance(v, str):
        return TEMPLATE_S.sub(lambda m: str(env.get(m.group(1), '-424242')), v)
    if isinstance(v, list):
        return [subst_value(x, env) for x in v]
    if isinstance(v, dict):
        return {k: subst_value(x, env) for k, x in v.items()}
    return v


def payload(step, env):
    if 'parts' in step:
        return b''.join(subst_bytes(base64.b64decode(p['b64']), env) * p.get('times', 1)
                        for p in step['parts'])
    return subst_bytes(base64.b64decode(step['b64']), env)


def no_dup(pairs):
    d = {}
    for k, v in pairs:
        if k in d:
            raise ValueError('duplicate key in reply: %s' % k)
        d[k] = v
    return d


def decode_reply(raw):
    """-> {'delim': n, 'text': str, 'json': value or absent}"""
    n = 0
    while raw[n:n + 1] == b'\xff':
        n += 1
    body = raw[n:]
    text = body.decode('utf-8', 'backslashreplace')
    out = {'delim': n, 'text': text}
    try:
        out['json'] = json.loads(body.decode('utf-8'), object_pairs_hook=no_dup,
                                 parse_constant=lambda c: (_ for _ in ()).throw(ValueError(c)))
    except (ValueError, RecursionError):
        pass
    return out


def digest(v):
    return hashlib.sha256(json.dumps(v, sort_keys=True, separators=(',', ':')).encode()).hexdigest()


def norm_desc(s):
    return POSITION.sub('', s) if isinstance(s, str) else s


def is_num(x):
    return isinstance(x, (int, float)) and not isinstance(x, bool)


def differ(want, got, env, live, path='$', mode='exact'):
    """None when `got` matches `want`, else a one-line reason."""
    if isinstance(want, dict) and '$' in want:
        kind = want['$']
        if kind == 'any':
            return None
        if kind == 'int':
            return None if isinstance(got, int) and not isinstance(got, bool) else '%s: not an integer' % path
        if kind == 'str':
            return None if isinstance(got, str) else '%s: not a string' % path
        if kind == 'sha':
            ok = digest(got) == want['sha']
            return None if ok else '%s: long value differs (%s)' % (path, short(got, 60))
        if kind == 're':
            ok = isinstance(got, str) and re.search(want['re'], got, re.S)
            return None if ok else '%s: %r !~ %s' % (path, got, want['re'])
        if kind == 'cap':
            if not isinstance(got, int) or isinstance(got, bool) or got < 0:
                return '%s: handle is not a non-negative integer' % path
            if got in live and env.get('H:' + want['as']) != got:
                return '%s: handle %d is still in use' % (path, got)
            return None
        return '%s: unknown wildcard %r' % (path, kind)
    if isinstance(want, dict):
        if not isinstance(got, dict):
            return '%s: expected an object' % path
        for k in want:
            if k not in got:
                return '%s: member %r is missing' % (path, k)
        for k in got:
            if k not in want:
                return '%s: unexpected member %r' % (path, k)
        for k in want:
            if k == 'desc' and path.endswith('.error'):
                if not isinstance(got[k], str):
                    return '%s.desc: not a string' % path
                if isinstance(want[k], dict):
                    r = differ(want[k], norm_desc(got[k]), env, live, path + '.desc', mode) if mode == 'exact' else None
                    if r:
                        return r
                    continue
                if mode == 'exact' and norm_desc(want[k]) != norm_desc(got[k]):
                    return '%s.desc: expected %r, got %r' % (path, norm_desc(want[k]), norm_desc(got[k]))
                continue
            r = differ(want[k], got[k], env, live, '%s.%s' % (path, k), mode)
            if r:
                return r
        return None
    if isinstance(want, list):
        if not isinstance(got, list):
            return '%s: expected an array' % path
        if len(want) != len(got):
            return '%s: expected %d elements, got %d' % (path, len(want), len(got))
        for i, (a, b) in enumerate(zip(want, got)):
            r = differ(a, b, env, live, '%s[%d]' % (path, i), mode)
            if r:
                return r
        return None
    if is_num(want) and is_num(got):
        return None if want == got else '%s: expected %r, got %r' % (path, want, got)
    if type(want) is not type(got) or want != got:
        return '%s: expected %s, got %s' % (path, short(want), short(got))
    return None


def short(v, n=160):
    s = v if isinstance(v, str) and len(v) < 4 else json.dumps(v, ensure_ascii=True)
    return s if len(s) <= n else s[:n] + '...(%d)' % len(s)


def shape_error(shape, v, path='return'):
    """Check a value against a type shape derived from the QAPI schema."""
    if shape == 'any':
        return None
    if shape == 'str':
        return None if isinstance(v, str) else '%s: not a string' % path
    if shape == 'int':
        ok = isinstance(v, int) and not isinstance(v, bool) and -(1 << 63) <= v < (1 << 63)
        return None if ok else '%s: not an integer' % path
    if shape == 'uint':
        ok = isinstance(v, int) and not isinstance(v, bool) and 0 <= v < (1 << 64)
        return None if ok else '%s: not an unsigned integer' % path
    if shape == 'number':
        return None if is_num(v) else '%s: not a number' % path
    if shape == 'bool':
        return None if isinstance(v, bool) else '%s: not a boolean' % path
    if 'enum' in shape:
        return None if v in shape['enum'] else '%s: %s not in %s' % (path, short(v), shape['enum'])
    if 'list' in shape:
        if not isinstance(v, list):
            return '%s: not an array' % path
        for i, x in enumerate(v):
            r = shape_error(shape['list'], x, '%s[%d]' % (path, i))
            if r:
                return r
        return None
    if 'obj' in shape:
        if not isinstance(v, dict):
            return '%s: not an object' % path
        for k, s in shape['obj'].items():
            if k not in v:
                return '%s: member %r is missing' % (path, k)
            r = shape_error(s, v[k], '%s.%s' % (path, k))
            if r:
                return r
        for k, x in v.items():
            if k in shape['obj']:
                continue
            if k not in shape.get('opt', {}):
                return '%s: unexpected member %r' % (path, k)
            r = shape_error(shape['opt'][k], x, '%s.%s' % (path, k))
            if r:
                return r
        return None
    return '%s: bad shape in corpus: %r' % (path, shape)


def select_path(v, path):
    """Values at a path; '*' fans out over array elements / object members."""
    if not path:
        return [v]
    h, rest = path[0], path[1:]
    if h == '*':
        it = v if isinstance(v, list) else list(v.values()) if isinstance(v, dict) else []
        return [y for x in it for y in select_path(x, rest)]
    try:
        return select_path(v[h], rest)
    except (KeyError, IndexError, TypeError):
        return []


def run_check(chk, reply, env):
    op, path = chk['op'], chk.get('path', [])
    vals = select_path(reply, path)
    if op == 'nonempty':
        ok = bool(vals) and all(len(x) > 0 for x in vals)
    elif op == 're':
        ok = all(isinstance(x, str) and re.search(chk['re'], x) for x in vals)
    elif op == 'some_re':
        ok = any(isinstance(x, str) and re.search(chk['re'], x) for x in vals)
    elif op == 'range':
        ok = bool(vals) and all(is_num(x) and chk['lo'] <= x <= chk['hi'] for x in vals)
    elif op == 'contains':
        have = set(x for x in vals if isinstance(x, str))
        missing = [x for x in chk['values'] if x not in have]
        if missing:
            return 'check contains: lacks %s' % ', '.join(missing)
        ok = True
    elif op == 'eq':
        ok = bool(vals) and all(type(x) is type(chk['value']) and x == chk['value'] for x in vals)
    elif op == 'unique':
        ok = len(vals) == len(set(map(str, vals)))
    elif op == 'near_now_ns':
        ok = bool(vals) and all(abs(x / 1e9 - time.time()) <= chk['seconds'] for x in vals)
    elif op == 'save':
        if vals:
            env.setdefault('$saved', {})[chk['as']] = vals[0]
        ok = bool(vals)
    elif op == 'eq_saved':
        ok = bool(vals) and vals[0] == env.get('$saved', {}).get(chk['as'])
    elif op == 'ge_saved':
        ok = bool(vals) and vals[0] >= env.get('$saved', {}).get(chk['as'], float('inf'))
    else:
        return 'unknown check %r' % op
    return None if ok else 'check %s at %s failed (got %s)' % (op, '.'.join(map(str, path)), short(vals))


def match_reply(want, raw, env, live, mode):
    got = decode_reply(raw)
    if got['delim'] != want.get('delim', 0):
        return 'expected %d leading 0xFF, got %d' % (want.get('delim', 0), got['delim'])
    if b'\xff' in raw[got['delim']:]:
        return '0xFF inside a reply'
    if mode == 'bytes':
        w = subst_value(want['text'], env)
        return None if got['text'] == w else 'expected bytes %r, got %r' % (w[:200], got['text'][:200])
    if 'json' not in want:                       # the real agent emitted non-JSON here
        if 'json' in got and isinstance(got['json'], dict):
            return None
        return None if got['text'] == subst_value(want['text'], env) else 'neither JSON nor the recorded text'
    if 'json' not in got:
        return 'reply is not valid JSON: %r' % got['text'][:200]
    w = subst_value(want['json'], env)
    g = got['json']
    if mode == 'class':
        if not isinstance(g, dict):
            return 'reply is not an object'
        for k in ('return', 'error'):
            if (k in w) != (k in g):
                return 'expected %s, got %s' % ('an error' if 'error' in w else 'a return', short(g))
        if 'error' in w:
            if not isinstance(g['error'], dict) or not isinstance(g['error'].get('desc'), str):
                return 'malformed error object'
            if w['error']['class'] != g['error'].get('class'):
                return 'expected class %s, got %s' % (w['error']['class'], short(g['error'].get('class')))
        if ('id' in w) != ('id' in g):
            return "'id' presence differs"
        return differ(w['id'], g['id'], env, live, '$.id', mode) if 'id' in w else None
    return differ(w, g, env, live, '$', mode)


# --------------------------------------------------------------------------
# running a case
# --------------------------------------------------------------------------
class Runner:
    def __init__(self, link, args):
        self.link = link
        self.a = args
        self.env = {'DIR': args.dir.rstrip('/') or '/', 'U': '%06x' % random.randrange(1 << 24)}
        self.ff_errors = 1
        self.commands = None

    def start(self):
        """First contact; learns how many replies a bare 0xFF provokes."""
        end = time.monotonic() + self.a.wait
        while True:
            try:
                resync(self.link, min(self.a.timeout, 3.0), tries=1)
                break
            except Dead:
                if self.link.eof or time.monotonic() >= end:
                    raise
        n = []
        for prefix in (b'', b'{"execute":', b'{"execute":"gue'):
            if prefix:
                self.link.send(prefix)
            n.append(len(resync(self.link, self.a.timeout)))
        self.ff_errors = max(n)
        self.link.send(b'{"execute":"guest-info"}\n')
        ln = self.link.line(time.monotonic() + self.a.timeout)
        try:
            info = json.loads(ln)['return']
            self.commands = {c['name']: c['enabled'] for c in info['supported_commands']}
            self.version = info.get('version')
        except Exception:
            self.commands, self.version = None, None

    def supported(self, name):
        return self.commands is None or self.commands.get(name, False)

    def send_step(self, step, env):
        if step.get('reconnect'):
            self.link.reconnect()
            return
        data = payload(step, env)
        size = step.get('chunk')
        if not size:
            self.link.send(data)
            return
        gap = step.get('gap_ms', 2) / 1000
        i = 0
        for n in (size if isinstance(size, list) else [size] * (len(data) // size + 1)):
            if i >= len(data):
                break
            self.link.send(data[i:i + n])
            i += n
            time.sleep(gap)
        if i < len(data):
            self.link.send(data[i:])

    def expectations(self, step):
        e = step['expect']
        if self.a.expect != "any" and self.a.expect in e:
            return [e[self.a.expect]]
        return list(e.values())

    def effective_mode(self, case):
        order = ['class', 'nodesc', 'exact']
        m = case['mode']
        if m in order and self.a.strict in order:
            m = order[min(order.index(m), order.index(self.a.strict))]
        if m == 'bytes' and self.a.strict in order:
            m = self.a.strict
        return m

    def run(self, case):
        """-> None on success, else the reason."""
        env = dict(self.env)
        live = set()
        mode = self.effective_mode(case)
        tmo = case.get('timeout', 0) or self.a.timeout
        tmo = max(tmo, self.a.timeout)
        try:
            for si, step in enumerate(case['steps']):
                where = 'step %d' % (si + 1)
                if 'poll' in step:
                    r = self.run_poll(step, env, live, mode, tmo)
                    if r:
                        return '%s: %s' % (where, r)
                    for k in step.get('forget', []):
                        live.discard(env.get('H:' + k))
                    continue
                self.send_step(step, env)
                alts = self.expectations(step)
                counts = sorted(set(len(x) for x in alts))
                got = []
                settle = 6.0 if 'heavy' in case.get('tags', []) else self.a.settle
                while len(got) < counts[-1]:
                    # a shorter recorded alternative is already complete: wait only briefly for more
                    ln = self.link.line(time.monotonic() + (settle if len(got) in counts else tmo))
                    if ln is None:
                        break
                    got.append(ln)
                if counts[-1] == 0:
                    ln = self.link.line(time.monotonic() + settle)
                    if ln is not None:
                        return '%s: expected silence, got %r' % (where, ln[:200])
                    if step.get('eof'):
                        end = time.monotonic() + step['eof']
                        while not self.link.eof and time.monotonic() < end:
                            self.link.fill(end)
                        if self.link.pending():
                            return '%s: expected no reply, got %r' % (where, self.link.pending()[:200])
                        if not self.link.eof:
                            return '%s: the machine did not go away within %d s' % (where, step['eof'])
                reasons = []
                for alt in alts:
                    why = None
                    if len(alt) != len(got):
                        why = 'expected %d replies, got %d%s' % (
                            len(alt), len(got),
                            (' (last %r)' % got[-1][:160]) if got else '')
                        if self.link.pending():
                            why += ', unterminated tail %r' % self.link.pending()[:80]
                    else:
                        for ri, (w, g) in enumerate(zip(alt, got)):
                            why = self.match(step, ri, w, g, env, live, mode)
                            if why:
                                why = 'reply %d: %s' % (ri + 1, why)
                                break
                    if why is None:
                        break
                    reasons.append(why)
                else:
                    if mode in ('exact', 'bytes') and any(
                            len(alt) == len(got) and
                            all(self.match(step, ri, w, g, env, live, 'nodesc') is None
                                for ri, (w, g) in enumerate(zip(alt, got)))
                            for alt in alts):
                        return '%s%s: %s' % (DESC_ONLY, where, reasons[0])
                    return '%s: %s' % (where, reasons[0])
                for c in step.get('capture', []):
                    try:
                        v = select_path(decode_reply(got[c.get('reply', 0)])['json'], c['path'])[0]
                        env['H:' + c['as']] = v
                        live.add(v)
                    except (KeyError, IndexError):
                        pass
                for k in step.get('forget', []):
                    live.discard(env.get('H:' + k))
            return None
        finally:
            self.cleanup(env, live)

    def match(self, step, ri, want, raw, env, live, mode):
        shape = step.get('shape')
        if mode != 'structure' or shape is None:
            m = 'exact' if mode == 'structure' else mode
            r = match_reply(want, raw, env, live, m)
            if r:
                return r
        else:
            got = decode_reply(raw)
            if got['delim'] != want.get('delim', 0):
                return 'wrong number of leading 0xFF'
            j = got.get('json')
            if not isinstance(j, dict) or 'return' not in j:
                return 'expected a return, got %s' % short(got['text'])
            if set(j) - {'return'} != set(want.get('extra', [])):
                return 'unexpected top-level members %s' % sorted(j)
            r = shape_error(shape, j['return'])
            if r:
                return r
        for chk in step.get('checks', []):
            if chk.get('reply', 0) == ri:
                r = run_check(chk, decode_reply(raw).get('json'), env)
                if r:
                    return r
        return None

    def run_poll(self, step, env, live, mode, tmo):
        """Re-send until the value at poll.path equals poll.value."""
        p = step['poll']
        last = None
        for _ in range(p.get('max', 100)):
            self.send_step(step, env)
            last = self.link.line(time.monotonic() + tmo)
            if last is None:
                return 'no reply while polling'
            j = decode_reply(last).get('json')
            if not isinstance(j, dict) or 'error' in j or select_path(j, p['path']) == [p['value']]:
                break
            time.sleep(p.get('gap_ms', 50) / 1000)
        why = None
        for alt in self.expectations(step):
            why = self.match(step, 0, alt[0], last, env, live, mode)
            if why is None:
                return None
        return why

    def cleanup(self, env, live):
        try:
            for h in sorted(x for x in live if isinstance(x, int)):
                self.link.send(b'{"execute":"guest-file-close","arguments":{"handle":%d}}\n' % h)
                self.link.line(time.monotonic() + self.a.timeout)
        except (Timeout, Dead):
            pass

    def finish(self, reason):
        """Resync after a case; unexpected extra replies are a failure."""
        left = resync(self.link, self.a.timeout)
        if reason is None and len(left) > self.ff_errors:
            return 'unexpected extra reply %r' % left[0][:200]
        return reason


def load(sets):
    files = []
    for s in sets:
        if os.path.isfile(s):
            files.append(s)
            continue
        if os.path.isdir(s):
            d = [s]
        else:
            d = [os.path.join(HERE, s)]
        found = False
        for x in d:
            if os.path.isdir(x):
                for f in sorted(os.listdir(x)):
                    if f.endswith('.jsonl'):
                        files.append(os.path.join(x, f))
                        found = True
        if not found:
            sys.exit('no corpus files for --set %s' % s)
    cases = []
    for f in files:
        with open(f, encoding='utf-8') as fh:
            for ln in fh:
                if ln.strip():
                    c = json.loads(ln)
                    for st in c['steps']:          # "x": n stands for n identical replies
                        st['expect'] = {v: [r for r in rs for _ in range(r.get('x', 1))]
                                        for v, rs in st['expect'].items()}
                    cases.append(c)
    return cases


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('socket')
    ap.add_argument('--dir', required=True, help='writable directory inside the guest')
    ap.add_argument('--set', action='append', help='open (default), a directory or a .jsonl file')
    ap.add_argument('--theme', action='append', help='only these themes')
    ap.add_argument('--case', action='append', help='only cases whose name matches this regular expression')
    ap.add_argument('--level', default='must,should,quirk', help='comma list of levels to run')
    ap.add_argument('--expect', default='any', help='recorded version to demand (7.2, 10.0, 11.1) or any')
    ap.add_argument('--strict', default='case', choices=['case', 'exact', 'nodesc', 'class'],
                    help='weaken every comparison to at most this mode')
    ap.add_argument('--unsafe', action='store_true',
                    help='also run cases tagged vm: they freeze filesystems, set vcpus/time '
                         'and so on; only for a disposable guest, never for a real host agent')
    ap.add_argument('--heavy', action='store_true', help='also run cases tagged heavy (many MiB)')
    ap.add_argument('--tag', action='append', help='also run cases carrying this opt-in tag')
    ap.add_argument('--require-all', action='store_true', help='a command the agent lacks is a failure, not a skip')
    ap.add_argument('--timeout', type=float, default=5.0, help='seconds to wait for a reply')
    ap.add_argument('--settle', type=float, default=0.12, help='seconds of silence that count as "no reply"')
    ap.add_argument('--wait', type=float, default=30.0, help='seconds to wait for the first contact')
    ap.add_argument('--json', help='write results to this file')
    ap.add_argument('-q', '--quiet', action='store_true', help='print only failures and the summary')
    a = ap.parse_args()

    cases = load(a.set or ['open'])
    levels = set(a.level.split(','))
    opt_in = {'vm', 'heavy', 'exec-real', 'real-only', 'terminal', 'reconnect'}
    chosen = set(a.tag or [])
    if a.unsafe:
        chosen.add('vm')
    if a.heavy:
        chosen.add('heavy')
    todo = []
    for c in cases:
        if c['level'] not in levels:
            continue
        if a.theme and c['theme'] not in a.theme:
            continue
        if a.case and not any(re.search(x, c['name']) for x in a.case):
            continue
        if (set(c.get('tags', [])) & opt_in) - chosen:
            continue
        todo.append(c)
    # destructive last, so that they cannot spoil the others
    todo.sort(key=lambda c: ('terminal' in c.get('tags', []), 'vm' in c.get('tags', [])))

    try:
        link = Link(a.socket, a.wait)
        run = Runner(link, a)
        run.start()
    except (Dead, Timeout) as e:
        print('agent does not answer: %s' % e)
        print('0 passed, %d failed, 0 skipped' % len(todo))
        return 2
    if not a.quiet:
        print('# agent version %s, %s commands, %d reply line(s) per 0xFF, %d cases' %
              (run.version, len(run.commands or {}) or '?', run.ff_errors, len(todo)))

    results = []
    dead = None
    for c in todo:
        t0 = time.monotonic()
        if dead:
            results.append((c, 'fail', 'not run: ' + dead))
            continue
        missing = [n for n in c.get('needs', []) if not run.supported(n)]
        if missing and not a.require_all:
            results.append((c, 'skip', 'agent lacks ' + ', '.join(missing)))
            if not a.quiet:
                print('SKIP %s: agent lacks %s' % (c['name'], ', '.join(missing)))
            continue
        try:
            why = run.run(c)
        except Timeout as e:
            why = str(e)
        except Dead as e:
            why = str(e)
        if 'terminal' in c.get('tags', []):
            results.append((c, 'fail' if why else 'pass', why))
            print('%s %s%s' % ('FAIL' if why else 'PASS', c['name'], ': ' + why if why else ''))
            continue
        try:
            why = run.finish(why)
        except (Dead, Timeout) as e:
            why = (why + '; ' if why else '') + str(e)
            dead = 'agent stopped answering in %s (%s)' % (c['name'], e)
        results.append((c, 'fail' if why else 'pass', why))
        if why:
            print('FAIL %s: %s' % (c['name'], why))
        elif not a.quiet:
            print('PASS %s (%.0f ms)' % (c['name'], 1000 * (time.monotonic() - t0)))
        sys.stdout.flush()

    def tally(rs):
        return tuple(sum(1 for r in rs if r[1] == k) for k in ('pass', 'fail', 'skip'))

    print('#')
    for key in ('theme', 'level'):
        for v in sorted(set(c[key] for c, _, _ in results)):
            print('# %-6s %-14s %4d passed, %d failed, %d skipped' %
                  ((key, v) + tally([r for r in results if r[0][key] == v])))
    soft = sum(1 for r in results if r[1] == 'fail' and (r[2] or '').startswith(DESC_ONLY))
    if soft:
        print('# %d of the failures differ only in error text or byte format' % soft)
    if dead:
        print('# aborted: ' + dead)
    if a.json:
        with open(a.json, 'w') as f:
            json.dump([{'name': c['name'], 'theme': c['theme'], 'level': c['level'],
                        'result': k, 'reason': w} for c, k, w in results], f, indent=1)
    p, f, s = tally(results)
    print('%d passed, %d failed, %d skipped' % (p, f, s))
    return 1 if f else 0


if __name__ == '__main__':
    sys.exit(main())
