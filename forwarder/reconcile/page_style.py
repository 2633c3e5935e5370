"""The look of the report's page: light, dark, and black on white paper."""

STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#59636e;--line:#d1d9e0;
--paper:#fff;--panel:#f6f8fa;--ours:#2f6f9f;--tag:#bd5b00;--open:#e8b27a;
--down:#8a94a0;--up:#3f8f5f;--bad:#b3261e;--limits:#dbe6ee;--on:#fff}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9aa7b4;--line:#3d444d;
--paper:#0d1117;--panel:#161b22;--ours:#5fa8dc;--tag:#e08a3c;--open:#7a4a1c;
--down:#77828e;--up:#58b37e;--bad:#ff8a80;--limits:#22313e;--on:#0d1117}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:54rem;padding:1.5rem 1rem 4rem;background:var(--paper);
color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
h1{font-size:1.6rem;margin:0 0 .2rem}h2{font-size:1.25rem;margin:2.2rem 0 .5rem;
border-top:1px solid var(--line);padding-top:1.2rem}
h3{font-size:1rem;margin:1.4rem 0 .4rem}
p{margin:.4rem 0}.soft,.small{color:var(--soft)}.small{font-size:.85rem}
.answers{display:grid;grid-template-columns:1fr 1fr;gap:.8rem;margin:1rem 0}
.answer{background:var(--panel);border:1px solid var(--line);border-radius:8px;
padding:.7rem .9rem}.answer h3{margin:0 0 .2rem;color:var(--soft);font-size:.85rem;
text-transform:uppercase;letter-spacing:.04em}.answer p{margin:.15rem 0}
.verdict{display:inline-block;border:2px solid currentColor;border-radius:999px;
padding:.1rem .7rem;font-weight:600}.good{color:var(--up)}.bad{color:var(--bad)}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.88rem;margin:.3rem 0}
th,td{text-align:left;padding:.28rem .5rem;border-bottom:1px solid var(--line);
vertical-align:top}th{color:var(--soft);font-weight:600}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.few{color:var(--soft)}
.chart{width:100%;height:auto;display:block;margin:.5rem 0}
.chart text{font:13px system-ui,sans-serif;fill:var(--ink)}
.chart .small{font-size:11.5px;fill:var(--soft)}
.chart .on-bar{fill:var(--on);font-weight:600}
.ours{fill:var(--ours)}.tag{fill:var(--tag)}.open{fill:var(--open)}
.down{fill:var(--down)}.up{fill:var(--up)}.limits{fill:var(--limits)}
.axis{stroke:var(--soft);stroke-width:1}.point{stroke:var(--ink);stroke-width:2.5}
.expected{stroke:var(--soft);stroke-width:1.2}.dot{fill:var(--tag)}
.odd{fill:var(--paper);stroke:var(--bad);stroke-width:2.5}
ol,ul{margin:.3rem 0;padding-left:1.3rem}
@media (max-width:40rem){.answers{grid-template-columns:1fr}}
@media print{@page{size:A4;margin:14mm}
:root{color-scheme:light;--ink:#000;--soft:#444;--line:#bbb;--paper:#fff;
--panel:#fff;--ours:#2f6f9f;--tag:#bd5b00;--open:#e8b27a;--down:#8a94a0;--up:#2f7a4d;
--bad:#a01f18;--limits:#dde7ee;--on:#fff}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
body{max-width:none;padding:0;font-size:10.5pt}table{font-size:8.6pt}
.first{break-after:page}h2,h3{break-after:avoid}
.answer,svg,tr{break-inside:avoid}.wide{overflow:visible}}
"""
