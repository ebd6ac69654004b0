#!/usr/bin/env python3
"""The page of `tconv report` in a headless browser: report_browser.py TCONV DATA [FOLDER].

With FOLDER, pictures of the page are left there, to be looked at. Status 77: there is no browser."""

import base64
import os
import sys
import tempfile
import subprocess

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import devtools

EVIL = '</script><script>window.hacked=1</script><img src=x onerror="window.hacked=2">'
NAMES = "[...document.querySelectorAll('#table tbody .link')].map(b => b.textContent)"


def equal(what, got, wanted):
    if got != wanted:
        raise devtools.Failure(f"{what}: {repr(got)[:300]} instead of {repr(wanted)[:300]}")


def true(what, got):
    if not got:
        raise devtools.Failure(f"{what}: {got!r}")


def open_layer(page, starts):
    """As a click of the mouse does: the button has the focus."""
    buttons = NAMES.replace(".map(b => b.textContent)", "")
    page.run(f"(b => {{ b.focus(); b.click(); }})({buttons}.find(b => b.textContent.startsWith({starts!r})))")


def column(page, key):
    """The cells of a column, as shown."""
    index = f"[...document.querySelectorAll('#table th[data-key]')].findIndex(th => th.dataset.key === '{key}')"
    return page.run(f"(i => [...document.querySelectorAll('#table tbody tr')].map(r => r.children[i].textContent))({index})")


def sort_by(page, key):
    page.run(f"document.querySelector('th[data-key={key}] button').click()")


def filter_by(page, text):
    page.run(f"(f => {{ f.value = {text!r}; f.dispatchEvent(new Event('input')); }})(document.getElementById('filter'))")
    return page.run(NAMES)


def counts(page):
    equal("rows", page.run("document.querySelectorAll('#table tbody tr').length"), 11)
    equal("dots of the roofline", page.run("document.querySelectorAll('#roofline .dot').length"), 10)
    true("hollow marks", page.run("document.querySelectorAll('#roofline svg .figure .hollow, #roofline .figure .hollow').length") >= 3)
    equal("dots of the model", page.run("document.querySelectorAll('#model .dot').length"), 10)
    equal("roofs", page.run("document.querySelectorAll('#roofline line.roof').length"), 5)
    notes = page.run("[...document.querySelectorAll('#roofline .note')].map(n => n.textContent.split(' ')[0])")
    equal("names of the roofs", notes, ["FMA", "L1", "L2", "L3", "DRAM"])
    equal("layers beside peers", page.run("document.querySelectorAll('#peer-list .peer').length"), 9)
    equal("their bars", page.run("document.querySelectorAll('#peer-list .fill').length"), 9 * 4 - 2)
    equal("create", page.run("document.querySelectorAll('#compile-list .bar').length"), 10)
    shapes = page.run("new Set([...document.querySelectorAll('#roofline .dot')].map(d => d.getAttribute('d'))).size")
    equal("shapes", shapes, page.run("document.querySelectorAll('#roofline .legend li').length") - 1)


def table(page):
    sort_by(page, "us")
    first = page.run(NAMES)
    equal("sorted", page.run("document.querySelector('th[data-key=us]').getAttribute('aria-sort')"), "descending")
    equal("a failed layer is last", first[-1], "no_plan")
    sort_by(page, "us")
    equal("the other way", page.run(NAMES)[:-1], first[-2::-1])
    sort_by(page, "name")
    names = page.run(NAMES)
    equal("by name", [n for n in names if n[0].isalpha()], sorted(n for n in names if n[0].isalpha()))
    peaks = [float(v) for v in (sort_by(page, "pct_peak"), column(page, "pct_peak"))[1] if v != "–"]
    equal("by % peak", peaks, sorted(peaks, reverse=True))
    equal("filtered by word", filter_by(page, "WaveGAN"), ["wavegan_g3"])
    equal("count", page.run("document.getElementById('count').textContent"), "1 of 11 rows")
    true("by comparison", 0 < len(filter_by(page, "pct_peak>100 -wavegan")) < 10)
    true("all of them winograd", all(p.startswith("winograd") for p in column(page, "plan")))
    equal("by nothing that is there", filter_by(page, "nothing_like_it"), [])
    equal("none", len(filter_by(page, "")), 11)


def details(page):
    open_layer(page, "dcgan_torch_g1")
    true("the dialog is open", page.run("document.getElementById('detail').open"))
    shown = page.run("document.getElementById('detail').textContent")
    for words in ("dcgan_torch_g1", "f32 nhwc n=64 ic=512", "target avx512", "push rbp", "onednn"):
        true(f"{words} in the dialog", words in shown)
    page.key("Escape", 27)
    equal("Escape closes it", page.run("document.getElementById('detail').open"), False)
    equal("and goes back", page.run("document.activeElement.textContent"), "dcgan_torch_g1")


def strange_names(page):
    true("it is shown", EVIL in page.run(NAMES))
    open_layer(page, "</script>")
    equal("its name", page.run("document.getElementById('detail-name').textContent"), EVIL)
    shown = page.run("document.getElementById('detail').textContent")
    for words in ("</script><script>window.hacked=3</script>", "<!-- & -->", "the <b>disassembler</b>", "2 plans that were timed"):
        true(f"{words} in the dialog", words in shown)
    page.run("document.getElementById('detail-close').click()")
    equal("nothing of it ran", page.run("window.hacked === undefined"), True)
    equal("no element of it", page.run("document.images.length"), 0)


def keyboard(page):
    page.run("document.querySelector('#roofline .dot[tabindex=\"0\"]').focus()")
    at = "document.activeElement.getAttribute('aria-label')"
    first = page.run(at)
    equal("the tip", page.run("document.getElementById('tip').hidden"), False)
    page.key("ArrowRight", 39)
    true("an arrow goes on", page.run(at) != first)
    page.key("Home", 36)
    equal("Home", page.run(at), first)
    equal("one stop of Tab", page.run("document.querySelectorAll('#roofline .dot[tabindex=\"0\"]').length"), 1)
    page.key("Enter", 13, "\r")
    true("Enter opens", page.run("document.getElementById('detail').open"))
    page.key("Escape", 27)
    unnamed = "[...document.querySelectorAll('button, input, select, [role=button], [role=group]')].filter(e => !(e.textContent.trim() || e.getAttribute('aria-label') || e.labels?.length)).length"
    equal("controls without a name", page.run(unnamed), 0)


def choices(page):
    page.run("(s => { s.selectedIndex = 1; s.dispatchEvent(new Event('change')); })(document.getElementById('run'))")
    equal("rows of the other file", page.run("document.querySelectorAll('#table tbody tr').length"), 4)
    equal("its modes", page.run("[...document.getElementById('mode').options].map(o => o.textContent)"), ["default", "exact-order"])
    page.run("(s => { s.selectedIndex = 1; s.dispatchEvent(new Event('change')); })(document.getElementById('mode'))")
    true("none is winograd", not any(p.startswith("winograd") for p in column(page, "plan")))
    page.run("(s => { s.selectedIndex = 0; s.dispatchEvent(new Event('change')); })(document.getElementById('run'))")
    equal("and back", page.run("document.querySelectorAll('#table tbody tr').length"), 11)


def colours(page):
    paper = "getComputedStyle(document.body).backgroundColor"
    contrast = """(() => { const l = c => { const v = c.match(/[\\d.]+/g).slice(0, 3).map(x => (x /= 255) <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4);
      return .2126 * v[0] + .7152 * v[1] + .0722 * v[2]; };
      const b = l(getComputedStyle(document.body).backgroundColor);
      return Math.min(...['body', '.quiet', '.link', '.failed'].map(s => { const f = l(getComputedStyle(document.querySelector(s)).color); return (Math.max(f, b) + .05) / (Math.min(f, b) + .05); })); })()"""
    light = page.run(paper)
    true("contrast in light", page.run(contrast) >= 4.5)
    page.run("document.getElementById('theme').click()")
    true("dark", page.run(paper) != light)
    true("contrast in dark", page.run(contrast) >= 4.5)
    page.run("document.getElementById('theme').click()")
    equal("light again", page.run(paper), light)


def pictures(page, path, folder):
    for name, width, vision, scheme in (("wide", 1280, "none", "light"), ("narrow", 800, "none", "light"),
                                        ("grey", 1280, "achromatopsia", "light"), ("dark", 1280, "none", "dark")):
        page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        page.call("Emulation.setEmulatedVisionDeficiency", type=vision)
        page.open(path, width, 1000)
        height = page.run("document.documentElement.scrollHeight")
        page.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        picture = page.call("Page.captureScreenshot", format="png")["data"]
        with open(os.path.join(folder, name + ".png"), "wb") as file:
            file.write(base64.b64decode(picture))


def main():
    tconv, data = sys.argv[1:3]
    browser = devtools.find()
    if not browser:
        print(f"report_browser.py: skipped: none of {', '.join(devtools.NAMES)} is installed (package chromium-headless-shell)")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "report.html")
        files = [os.path.join(data, name + ".json") for name in ("bench", "modes", "peers", "calibrate")]
        subprocess.run([tconv, "report", *files, "-o", path], check=True, stdout=subprocess.DEVNULL)
        page = devtools.Page(browser)
        try:
            page.open(path, 1280, 900)
            tests = (counts, table, details, strange_names, keyboard, choices, colours)
            for test in tests:
                # A dialog that the last one closed gives the focus back when its event comes.
                page.run("new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")
                test(page)
            for width in (1280, 800):
                page.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
                page.run("new Promise(done => setTimeout(done, 400))")
                equal(f"width of the page at {width}", page.run("document.documentElement.scrollWidth"), width)
            equal("on the console", page.complaints(), [])
            equal("requests", page.requests(), ["file://" + path])
            if len(sys.argv) > 3:
                pictures(page, path, sys.argv[3])
        except devtools.Failure as failure:
            print(f"report_browser.py: {failure}; on the console: {page.complaints()}", file=sys.stderr)
            return 1
        finally:
            page.close()
    print(f"report_browser.py: {len(tests) + 1} of {len(tests) + 1} right in {os.path.basename(browser)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
