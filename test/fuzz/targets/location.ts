import { checkUrl } from "../../../src/channel/wishes.ts";
import { isPublicAddress, literalAddress } from "../../../src/upstream/http/addresses.ts";
import { hostList } from "../../../src/upstream/http/hosts.ts";
import { parseBase, resolveFrom, resolveRedirect } from "../../../src/upstream/http/location.ts";
import { bypasses } from "../../../src/upstream/no-proxy.ts";
import { proxyFor } from "../../../src/upstream/proxy.ts";
import { must, refusable } from "../kit.ts";
import type { Target } from "../target.ts";

/** URLs: a base, what is asked below it, where it redirects to, a host that may, a proxy and NO_PROXY; a line each. */
export async function open(): Promise<Target> {
  return {
    seeds: [
      "http://u:p@deb.example.org/debian\npool/a%2Bb.deb\nhttps://deb.example.org/x\n*.example.org\nhttp://u:p@proxy:3128\nlocalhost,.example.org",
      "https://[2001:db8::1]:8443/x/\nhttps://cdn.example.org/y?z\n../z\ncdn.example.org:443\n[::1]:80\n10.0.0.0/8 ::1",
    ],
    words: [
      "http://",
      "https://",
      "//",
      "\\",
      "@",
      ":",
      "..",
      "%2e%2e/",
      "%2f",
      "?",
      "#",
      "[::ffff:127.0.0.1]",
      "127.1",
      "0x7f.1",
      "2130706433",
      "127.0.0.1",
      "169.254.169.254",
      "[64:ff9b::7f00:1]",
      "localhost.",
      "例え.jp",
      "xn--",
      "/33",
      "/0",
      ":0",
      ":99999",
      "*",
      "*.",
      "\t",
    ],
    run(input) {
      const [first = "", from = "", to = "", host = "", proxy = "", none = ""] = input.toString().split("\n");
      const settled: (() => unknown)[] = [
        () => proxyFor(new URL("http://deb.example.org/"), { http_proxy: proxy, no_proxy: none }),
        () => checkUrl(first, "site's"),
        () => bypasses(new URL("http://[::1]:80/"), none),
      ];
      for (const work of settled) refusable(work);
      const literal = literalAddress(host);
      if (literal !== undefined) isPublicAddress(literal);
      isPublicAddress(from);
      const { base } = parseBase(first);
      const hosts = refusable(() => hostList([host])) ?? hostList([]);
      const same = (url: URL): boolean =>
        url.hostname.replace(/\.$/, "") === base.hostname.replace(/\.$/, "") || hosts.host(url);
      const asked = refusable(() => resolveFrom(base, from, hosts));
      if (asked !== undefined)
        must(
          /^https?:$/.test(asked.protocol) &&
            same(asked) &&
            asked.username === "" &&
            (/^[a-z][a-z0-9+.-]*:\/\//i.test(from) || asked.href.startsWith(base.href)),
          "what is asked lies below the base, or where it may",
        );
      const led = resolveRedirect(base, base, to, hosts);
      must(
        same(led) &&
          led.username === "" &&
          led.hash === "" &&
          !(base.protocol === "https:" && led.protocol === "http:"),
        "a redirect stays where it may lead",
      );
    },
  };
}
