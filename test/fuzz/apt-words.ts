// What metadata of apt is made of.
export const SUMS = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const MD5 = "d41d8cd98f00b204e9800998ecf8427e";

export const RELEASE = `Origin: Debian
Label: Debian
Suite: stable
Codename: trixie
Date: Sat, 21 Nov 2026 04:00:00 UTC
Valid-Until: Sat, 28 Nov 2026 04:00:00 UTC
Acquire-By-Hash: yes
No-Support-for-Architecture-all: Packages
NotAutomatic: yes
ButAutomaticUpgrades: yes
Architectures: all amd64 arm64
Components: main contrib
MD5Sum:
 ${MD5} 120 main/binary-amd64/Packages
SHA256:
 ${SUMS} 120 main/binary-amd64/Packages
 ${SUMS} 60 main/binary-amd64/Packages.xz
 ${SUMS} 60 main/binary-amd64/Release
 ${SUMS} 60 main/binary-arm64/Packages
 ${SUMS} 0 contrib/binary-amd64/Packages
 ${SUMS} 60 main/source/Sources
 ${SUMS} 50 main/source/Sources.gz
 ${SUMS} 60 main/i18n/Translation-en
 ${SUMS} 60 main/i18n/Translation-en.bz2
 ${SUMS} 60 main/Contents-amd64
 ${SUMS} 60 main/Contents-amd64.gz
 ${SUMS} 60 main/dep11/Components-amd64.yml
 ${SUMS} 60 main/dep11/icons-64x64.tar
 ${SUMS} 60 main/cnf/Commands-amd64
 ${SUMS} 60 main/debian-installer/binary-amd64/Packages
 ${SUMS} 60 main/installer-amd64/20250101/images/SHA256SUMS
`;

export const RELEASE_WORDS = [
  "Origin:",
  "Label:",
  "Suite:",
  "Codename:",
  "Date:",
  "Valid-Until:",
  "Acquire-By-Hash:",
  "NotAutomatic:",
  "ButAutomaticUpgrades:",
  "Architectures:",
  "Components:",
  "No-Support-for-Architecture-all:",
  "MD5Sum:",
  "SHA1:",
  "SHA256:",
  "SHA512:",
  "yes",
  "no",
  "Packages",
  "Packages.gz",
  "Packages.xz",
  "Packages.lzma",
  ".zst",
  ".lz4",
  ".bz2",
  "Sources",
  "main",
  "contrib",
  "updates/main",
  "main/binary-amd64/Packages",
  "main/binary-all/Packages",
  "main/debian-installer/binary-amd64/Packages",
  "main/i18n/Translation-de",
  "Contents-amd64",
  "main/Contents-udeb-amd64",
  "main/installer-amd64/x/images/MD5SUMS",
  "main/dep11/icons-128x128@2.tar",
  "./main/binary-amd64/Packages",
  "../x",
  "all",
  "amd64",
  `\n ${SUMS} 7 `,
  `\n ${MD5} 7 `,
  "\n ",
  "1073741824",
  "1073741825",
  "Sat, 21 Nov 2026 04:00:00 UTC",
  "+0200",
  "en",
];

export const PACKAGES = `Package: apt
Source: apt-src (1.0)
Version: 1:2.9~rc1+b1-1
Architecture: amd64
Section: admin
Filename: pool/main/a/apt/apt_2.9_amd64.deb
Size: 1234
MD5sum: ${MD5}
SHA256: ${SUMS}
Description: x

Package: doc
Version: 1
Architecture: all
Filename: ./doc_1_all.deb
Size: 5
SHA512: ${SUMS}${SUMS}

`;

export const SOURCES = `Package: apt
Version: 1.0
Section: admin
Directory: pool/main/a/apt
Files:
 ${MD5} 10 apt_1.0.dsc
 ${MD5} 20 apt_1.0.tar.xz
Checksums-Sha256:
 ${SUMS} 10 apt_1.0.dsc
 ${SUMS} 20 apt_1.0.tar.xz

Package: flat
Version: 2
Directory: .
Checksums-Sha512:
 ${SUMS}${SUMS} 10 flat_2.dsc

`;

export const PACKAGE_WORDS = [
  "Package:",
  "Version:",
  "Architecture:",
  "Filename:",
  "Size:",
  "SHA256:",
  "SHA512:",
  "MD5sum:",
  "Section:",
  "Source:",
  "Directory:",
  "Files:",
  "Checksums-Sha256:",
  "Checksums-Sha512:",
  "pool/",
  "./",
  ".//",
  "//",
  "..",
  "http://example.org/x",
  "file:///etc/passwd",
  "%2e%2e",
  "?",
  "#",
  "+",
  "~",
  SUMS,
  SUMS + SUMS,
  MD5,
  "all",
  "amd64",
  "source",
  "0",
  "1",
  "\n\n",
  "\n ",
  "@",
];
