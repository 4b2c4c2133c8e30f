import { SluiceError } from "../../../src/base/errors.ts";
import { clientOf } from "../../../src/serve/admission.ts";
import { combinedLine, logged } from "../../../src/serve/log.ts";
import { page, link, row } from "../../../src/serve/html.ts";
import { checkHost, wishesOf } from "../../../src/serve/setup.ts";
import { parseTarget } from "../../../src/serve/target.ts";
import { must } from "../kit.ts";
import type { Target } from "../target.ts";

/** The target of a request, and on further lines its Host, User-Agent and address. */
export async function open(): Promise<Target> {
  return {
    seeds: [
      "/debian/stable/pool/a%2Bb.deb\nmirror.example.org:8080\ncurl/8\n10.0.0.1",
      "http://h/_/setup/m/stable/sources?valid-for=90d&fallback=http://x/\n[::1]:80\nx\n::ffff:1.2.3.4",
      "/m/20260101T000000Z?snapshot=20260101T000000Z&exclude\nh\n\nfe80::1",
    ],
    words: [
      "/",
      "//",
      "/./",
      "..",
      "%2e%2e",
      "%2f",
      "%5c",
      "%00",
      "%C3%A9",
      "%ff",
      "%",
      "?",
      "#",
      "valid-for=",
      "fallback=",
      "snapshot=",
      "exclude",
      "&",
      "http://",
      "https://u:p@h",
      "[",
      "::",
      "$(x)",
      '"',
      "<script>",
      "x".repeat(8192),
    ],
    run(input) {
      const [raw = "", host = "", agent = "", address = ""] = input.toString("latin1").split("\n");
      clientOf(address);
      const line = {
        time: 0,
        remote: address.replaceAll(/[^0-9a-f:.]/g, "").slice(0, 45),
        method: logged("GET"),
        target: logged(raw),
        httpVersion: "1.1",
        status: 200,
        bytes: 0,
        ms: 0,
        referer: logged(host),
        agent: logged(agent),
        mirror: "",
        at: "",
        complete: true,
      };
      must(
        !/[\u0000-\u001f\u007f-\u009f]/.test(combinedLine(line)) && combinedLine(line).length < 10_000,
        "a line of the log is one line",
      );
      const target = parseTarget(raw);
      if (typeof target === "number") throw new SluiceError("usage", `answered ${target}`);
      must(
        target.segments.every(
          (segment) =>
            segment !== "" &&
            segment !== "." &&
            segment !== ".." &&
            !/[\u0000-\u001f\u007f-\u009f/\\]/.test(segment),
        ),
        "names of a path are plain",
      );
      const html = [
        ...page(
          target.segments,
          target.segments.map((name) => row([link(name, true)])),
        ),
      ].join("");
      must(!/<script|<img|onerror=/i.test(html.replaceAll(/href="[^"]*"/g, "")), "a name is no HTML");
      const wishes = wishesOf(target.query);
      must(
        wishes.fallback.every((url) => !/['\s\\]/.test(url)),
        "what goes into files is plain",
      );
      must(/^[A-Za-z0-9.:[\]-]+$/.test(checkHost(host)), "a host is plain");
    },
  };
}
