"""The two pages that exist without the editor: signing in, and an editor that was not built. Plain HTML, no script."""

from __future__ import annotations

_STYLE = """
:root { color-scheme: dark; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: #14130f; color: #ece7db;
       font: 16px/1.55 ui-sans-serif, system-ui, sans-serif; }
main { width: min(26rem, calc(100vw - 3rem)); }
h1 { font: 600 1.5rem/1.2 ui-serif, Georgia, serif; margin: 0 0 .75rem; letter-spacing: .01em; }
p { margin: 0 0 1rem; color: #b9b2a2; }
code { font: .9em ui-monospace, monospace; color: #ece7db; }
label { display: block; margin: 1.5rem 0 .4rem; color: #b9b2a2; font-size: .875rem; }
input { width: 100%; box-sizing: border-box; padding: .65rem .75rem; border: 1px solid #3b372d; border-radius: 6px;
        background: #1c1a15; color: inherit; font: inherit; }
input:focus-visible, button:focus-visible, a:focus-visible { outline: 2px solid #e0a63c; outline-offset: 2px; }
button { margin-top: .9rem; padding: .6rem 1.1rem; border: 0; border-radius: 6px; background: #e0a63c; color: #14130f;
         font: 600 1rem/1.2 inherit; cursor: pointer; }
a { color: #e0a63c; }
.problem { color: #f0a08a; }
"""

# Without one a browser asks for /favicon.ico, which does not exist; the editor's own lies behind the sign-in.
_MARK = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E"
    "%3Crect width='32' height='32' rx='7' fill='%2315161a'/%3E"
    "%3Cpath d='M7 10.5h18M7 21.5h18' stroke='%23e8a33d' stroke-width='1.6'/%3E"
    "%3Cpath d='M12.5 12.8v6.4l6.4-3.2z' fill='%23ece7dc'/%3E%3C/svg%3E"
)
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>StoryForge</title><link rel="icon" href="{mark}">
<style>{style}</style></head><body><main>{body}</main></body></html>
"""

SIGN_IN = _PAGE.format(
    mark=_MARK,
    style=_STYLE,
    body="""<h1>This studio is private</h1>
<!--problem-->
<p>Open the address that <code>make run</code> printed, or paste its token here.
<code>storyforge token</code> shows it again.</p>
<form method="post" action="/sign-in"><label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button type="submit">Open the studio</button></form>
<p style="margin-top:1.5rem">Already signed in and came from another site? <a href="">Try again</a>.</p>""",
)

NOT_BUILT = _PAGE.format(
    mark=_MARK,
    style=_STYLE,
    body="""<h1>The editor is not built yet</h1>
<p>The server runs, but its pages are missing. <code>make run</code> builds them;
so does <code>make editor</code>.</p>""",
)
