/* mns_style.c - the style sheet of the dashboard: one small piece of text, in the page itself. */
#include <string.h>

#include <apr_base64.h>

#include "httpd/mns_html.h"

const char mns_style[] =
    ":root{color-scheme:light dark;--back:#f5f6f8;--card:#fff;--ink:#1b2330;--soft:#5c6878;"
    "--line:#e2e6eb;--link:#2257b8;--good:#176b41;--good-back:#e2f4ea;--busy:#1f5aa6;"
    "--busy-back:#e3eefb;--warn:#8a5a00;--warn-back:#fdf1d7;--bad:#a82323;--bad-back:#fce7e6;"
    "--calm:#4d5968;--calm-back:#edf0f3}"
    "@media (prefers-color-scheme:dark){:root{--back:#12161c;--card:#1a2028;--ink:#e3e8ef;"
    "--soft:#97a3b3;--line:#2a323d;--link:#84b1ff;--good:#74d3a0;--good-back:#17362a;"
    "--busy:#8bbcff;--busy-back:#182e49;--warn:#f0c467;--warn-back:#3a2e12;--bad:#ff9f97;"
    "--bad-back:#421e1e;--calm:#b1bcca;--calm-back:#28303a}}"
    "*{box-sizing:border-box}"
    "body{margin:0;background:var(--back);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"
    "'Segoe UI',Roboto,'Noto Sans',sans-serif;font-variant-numeric:tabular-nums;"
    "overflow-wrap:break-word}"
    "a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}"
    "header,main,footer{max-width:78rem;margin:0 auto;padding:0 1.25rem}"
    "header{display:flex;flex-wrap:wrap;align-items:baseline;gap:.2rem 1.5rem;padding-top:1.1rem;"
    "padding-bottom:.4rem}"
    "header strong{font-size:1.15rem;letter-spacing:-.01em}header strong a{color:inherit}"
    "nav{display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;flex:1}"
    "nav a{color:var(--soft);padding:.15rem 0;border-bottom:2px solid transparent}"
    "nav a[aria-current]{color:var(--ink);border-color:var(--link)}"
    "nav a:hover{text-decoration:none;color:var(--ink)}"
    "footer{color:var(--soft);font-size:.85rem;padding-top:1.2rem;padding-bottom:2rem;"
    "display:flex;flex-wrap:wrap;gap:.2rem 1.5rem}"
    "h1{font-size:1.45rem;line-height:1.25;letter-spacing:-.015em;margin:.8rem 0 .1rem}"
    "h2{font-size:1.02rem;margin:1.7rem 0 .5rem}h2 small{font-weight:400}"
    "h1 .badge{font-weight:500;letter-spacing:0;vertical-align:.15rem;margin-left:.3rem}"
    "p{margin:.3rem 0}.actions{margin:.7rem 0}.faint,small{color:var(--soft);font-size:.88em}"
    ".notice{background:var(--card);border:1px solid var(--line);border-left:3px solid var(--link);"
    "border-radius:.4rem;padding:.55rem .9rem;margin:.8rem 0}"
    ".notice.bad{border-left-color:var(--bad)}"
    ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.7rem;"
    "margin:1rem 0}"
    ".tile{background:var(--card);border:1px solid var(--line);border-radius:.5rem;"
    "padding:.65rem .85rem}"
    ".tile b{display:block;font-size:1.5rem;line-height:1.25;font-weight:600;"
    "letter-spacing:-.02em}"
    ".tile span{color:var(--soft);font-size:.85rem}.tile b.bad{color:var(--bad)}"
    ".tile b.warn{color:var(--warn)}"
    ".card{background:var(--card);border:1px solid var(--line);border-radius:.5rem;"
    "overflow-x:auto}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{padding:.5rem .85rem;text-align:left;vertical-align:top}"
    "th{color:var(--soft);font-weight:500;font-size:.83rem;white-space:nowrap}"
    "td{border-top:1px solid var(--line)}tbody:first-child tr:first-child td{border-top:0}"
    ".n{text-align:right;white-space:nowrap}.w,.keep{white-space:nowrap}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1.2rem;margin:0;"
    "padding:.7rem .85rem}dt{color:var(--soft)}dd{margin:0}"
    ".badge{display:inline-block;padding:0 .5rem;border-radius:1rem;font-size:.82rem;"
    "line-height:1.5rem;white-space:nowrap;color:var(--calm);background:var(--calm-back)}"
    ".badge.good{color:var(--good);background:var(--good-back)}"
    ".badge.busy{color:var(--busy);background:var(--busy-back)}"
    ".badge.warn{color:var(--warn);background:var(--warn-back)}"
    ".badge.bad{color:var(--bad);background:var(--bad-back)}"
    ".value{white-space:pre-wrap;overflow-wrap:anywhere}del .value{color:var(--soft)}"
    "del{text-decoration-color:var(--soft)}.arrow{color:var(--soft);padding:0 .2rem}"
    "ul.changes{list-style:none;margin:0;padding:0}ul.changes li+li{margin-top:.2rem}"
    "ul.values li{display:inline}ul.values li+li::before{content:\" · \";opacity:.5}"
    "code{overflow-wrap:anywhere;font:.9em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}"
    "form{display:inline-block;margin:0 .4rem 0 0}"
    "button{font:inherit;font-size:.88rem;color:var(--ink);background:var(--card);"
    "border:1px solid var(--line);border-radius:.4rem;padding:.2rem .7rem;cursor:pointer}"
    "button:hover{border-color:var(--link)}"
    "button:focus-visible,a:focus-visible{outline:2px solid var(--link);outline-offset:1px}"
    "meter,progress{width:100%;max-width:6rem;margin-right:.3rem;height:.55rem;vertical-align:"
    "middle}"
    ".columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(19rem,1fr));gap:0 1.2rem}"
    ".columns>*{min-width:0}"
    "@media (max-width:44rem){header,main,footer{padding-left:.8rem;padding-right:.8rem}"
    ".tiles{grid-template-columns:1fr 1fr}.columns{grid-template-columns:1fr}"
    "nav{flex-basis:100%;order:3}"
    "thead{display:none}table,tbody,tr,td{display:block}"
    "tr{padding:.5rem .85rem;border-top:1px solid var(--line)}"
    "tbody:first-child tr:first-child,thead+tbody tr:first-child{border-top:0}"
    "td,td.n{border:0;padding:.1rem 0 .1rem 7.2rem;position:relative;min-height:1.7rem}"
    "td:empty{display:none}td[data-label]::before{content:attr(data-label);position:absolute;"
    "left:0;width:6.8rem;color:var(--soft);font-size:.85rem;line-height:1.55rem}"
    "td.wide{padding-left:0}dl{grid-template-columns:minmax(0,11rem) 1fr}"
    ".n{text-align:left}.w,.n{white-space:normal}}"
    "@media (prefers-reduced-motion:no-preference){button{transition:border-color .15s}}";

const char *mns_style_hash(apr_pool_t *p)
{
    unsigned char digest[NTS_SHA256_LEN];
    char text[64];

    if (nts_sha256(digest, mns_style, strlen(mns_style)) != APR_SUCCESS) {
        return "";
    }
    (void)apr_base64_encode_binary(text, digest, sizeof(digest));
    return apr_pstrcat(p, "sha256-", text, NULL);
}
