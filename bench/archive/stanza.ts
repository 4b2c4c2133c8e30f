import { createHash } from "node:crypto";

/** One stanza of a Packages index, as long as Debian's are. */
export function stanza(name: string, version: string, path: string, content: Uint8Array): string {
  const digest = (algorithm: string, of: Uint8Array | string): string =>
    createHash(algorithm).update(of).digest("hex");
  return [
    `Package: ${name}`,
    `Version: ${version}`,
    "Installed-Size: 1042",
    "Maintainer: Debian Example Maintainers <pkg-example-devel@lists.example.org>",
    "Architecture: amd64",
    `Depends: libc6 (>= 2.34), libexample1 (>= 1.2.3), lib${name} (= ${version}), debconf (>= 0.5) | debconf-2.0`,
    "Suggests: example-doc, example-tools, example-examples",
    `Description: an example package with a line of usual length about ${name}`,
    `Description-md5: ${digest("md5", name)}`,
    `Homepage: https://www.example.org/projects/${name}/`,
    "Tag: implemented-in::c, role::program, interface::commandline, scope::utility, works-with::file",
    "Section: utils",
    "Priority: optional",
    `Filename: ${path}`,
    `Size: ${content.length}`,
    `MD5sum: ${digest("md5", content)}`,
    `SHA256: ${digest("sha256", content)}`,
    "",
    "",
  ].join("\n");
}
