"""The look of a report: light, dark, and black on white paper.

Everything is below `.report`, so that the report keeps its look inside other pages. It
follows the `color-scheme` of those; browsers from before mid-2024 show it light. What
is wider than its place has a shadow at the side where more of it is: `--under` is the
colour of the page that a report stands on, where that is not its own.
"""

PARTS = """
.report{--ink:#1b1f24;--soft:#59636e;--line:#d1d9e0;--paper:#fff;--panel:#f6f8fa;
--ours:#2f6f9f;--tag:#bd5b00;--open:#e8b27a;--down:#8a94a0;--up:#2f7a4d;--bad:#b3261e;
--limits:#dbe6ee;--on:#fff;max-width:54rem;color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
@supports (color:light-dark(#000,#fff)){.report{--ink:light-dark(#1b1f24,#e6edf3);
--soft:light-dark(#59636e,#9aa7b4);--line:light-dark(#d1d9e0,#3d444d);
--paper:light-dark(#fff,#0d1117);--panel:light-dark(#f6f8fa,#161b22);
--ours:light-dark(#2f6f9f,#5fa8dc);--tag:light-dark(#bd5b00,#e08a3c);
--open:light-dark(#e8b27a,#7a4a1c);--down:light-dark(#8a94a0,#77828e);
--up:light-dark(#2f7a4d,#58b37e);--bad:light-dark(#b3261e,#ff8a80);
--limits:light-dark(#dbe6ee,#22313e);--on:light-dark(#fff,#0d1117)}}
.report *{box-sizing:border-box}
.report section{background:none;border:0;padding:0;margin:0}
.report h1{font-size:1.6rem;margin:0 0 .2rem}
.report h2{font-size:1.25rem;margin:2.2rem 0 .5rem;border-top:1px solid var(--line);
padding-top:1.2rem}
.report h3{font-size:1rem;margin:1.4rem 0 .4rem}
.report p{margin:.4rem 0}
.report .soft,.report .small{color:var(--soft)}.report .small{font-size:.85rem}
.report .answers{display:grid;grid-template-columns:1fr 1fr;gap:.8rem;margin:1rem 0}
.report .answer{background:var(--panel);border:1px solid var(--line);border-radius:8px;
padding:.7rem .9rem;min-width:0}
.report .answer h2{margin:0 0 .2rem;padding:0;border:0;color:var(--soft);
font-size:.85rem;text-transform:uppercase;letter-spacing:.04em}
.report .answer p{margin:.25rem 0}
.report .verdict{display:inline-block;border:2px solid currentColor;border-radius:999px;
margin:0;padding:.1rem .7rem;background:none;font-weight:600}
.report .good{color:var(--up)}.report .bad{color:var(--bad)}
.report .wide{--ground:var(--under,var(--paper));overflow-x:auto;
background:linear-gradient(90deg,var(--ground) 1.2rem,transparent) 0 0,
linear-gradient(-90deg,var(--ground) 1.2rem,transparent) 100% 0,
linear-gradient(90deg,var(--down),transparent) 0 0,
linear-gradient(-90deg,var(--down),transparent) 100% 0;
background-size:3rem 100%,3rem 100%,.6rem 100%,.6rem 100%;background-repeat:no-repeat;
background-attachment:local,local,scroll,scroll}
.report table{border-collapse:collapse;width:100%;font-size:.88rem;margin:.3rem 0}
.report th,.report td{text-align:left;padding:.28rem .5rem;min-width:0;
border-bottom:1px solid var(--line);vertical-align:top}
.report th,.report thead td{color:var(--soft);font-weight:600;white-space:normal}
.report td.n,.report th.n{text-align:right;font-variant-numeric:tabular-nums;
white-space:nowrap}
.report .chart{width:100%;height:auto;display:block;margin:.5rem 0}
.report .first-sight{max-width:32rem}
.report .chart text{font:13px system-ui,sans-serif;fill:var(--ink)}
.report .chart .small{font-size:11.5px;fill:var(--soft)}
.report .chart .on-bar{fill:var(--on);font-weight:600}
.report .chart .in-band{font-weight:600}
.report rect.ours{fill:var(--ours)}.report rect.tag{fill:var(--tag)}
.report rect.open{fill:var(--open)}.report rect.down{fill:var(--down)}
.report rect.up{fill:var(--up)}.report rect.limits{fill:var(--limits)}
.report .axis{stroke:var(--soft);stroke-width:1}
.report .point{stroke:var(--ink);stroke-width:2.5}
.report .expected{stroke:var(--soft);stroke-width:1.2}.report .dot{fill:var(--tag)}
.report .odd{fill:var(--paper);stroke:var(--bad);stroke-width:2.5}
.report ol,.report ul{margin:.3rem 0;padding-left:1.3rem}
@media (max-width:40rem){.report .answers{grid-template-columns:1fr}
.report .wide .chart{width:40rem}}
@media print{.report{--ink:#000;--soft:#444;--line:#bbb;--paper:#fff;--panel:#fff;
--ours:#2f6f9f;--tag:#bd5b00;--open:#e8b27a;--down:#8a94a0;--up:#2f7a4d;--bad:#a01f18;
--limits:#dde7ee;--on:#fff;max-width:none;font-size:10.5pt}
.report *{print-color-adjust:exact;-webkit-print-color-adjust:exact}
.report table{font-size:8.6pt}.report .first{break-after:page}
.report h2,.report h3{break-after:avoid}
.report .answer,.report svg,.report tr{break-inside:avoid}
.report .wide{overflow:visible;background:none}}
"""

ALONE = """
:root{color-scheme:light dark}
@media print{@page{size:A4;margin:14mm}:root{color-scheme:light}}
body{margin:0;background:#fff;background:light-dark(#fff,#0d1117)}
main{margin:0 auto;padding:1.5rem 1rem 4rem}
@media print{main{padding:0}}
"""

STYLE = ALONE + PARTS
