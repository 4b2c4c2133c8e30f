import type { RpmExtra } from "../../upstreams/rpm.ts";

/** A group with the package `tool`. */
export const COMPS = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">
<comps>
  <group>
    <id>tools</id>
    <name>Tools</name>
    <description>All the tools</description>
    <default>true</default>
    <uservisible>true</uservisible>
    <packagelist><packagereq type="mandatory">tool</packagereq></packagelist>
  </group>
</comps>
`;

/** A security advisory on `tool`, and a module stream of it. */
export const EXTRAS: readonly RpmExtra[] = [
  {
    type: "updateinfo",
    name: "updateinfo.xml",
    content: `<?xml version="1.0" encoding="UTF-8"?>
<updates>
  <update from="vendor@example.org" status="final" type="security" version="1">
    <id>VENDOR-2026:0001</id>
    <title>tool &lt;security&gt;
 update</title>
    <severity>Important</severity>
    <issued date="2026-11-20 00:00:00"/>
    <references><reference href="https://example.org/CVE-2026-0001" id="CVE-2026-0001" title="CVE-2026-0001" type="cve"/></references>
    <description>A flaw in tool.</description>
    <pkglist>
      <collection short="v">
        <name>Vendor</name>
        <package name="tool" version="2.0~rc1" release="1" epoch="0" arch="noarch" src="tool-2.0~rc1-1.src.rpm"><filename>tool-2.0~rc1-1.noarch.rpm</filename></package>
      </collection>
    </pkglist>
  </update>
</updates>
`,
  },
  {
    type: "modules",
    name: "modules.yaml",
    content: `---
document: modulemd
version: 2
data:
  name: toolset
  stream: "1"
  version: 1
  context: deadbeef
  arch: noarch
  summary: Tools
  description: All the tools
  license:
    module: [MIT]
  profiles:
    default:
      rpms: [other]
  artifacts:
    rpms: ["other-0:1-1.noarch"]
...
`,
  },
];
