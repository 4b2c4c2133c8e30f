/**
 * What apt makes of another Suite or Codename in a Release (acquire-item.cc, VerifyVendor; apt-secure(8)): since 2.1.10 a changed Suite is let
 * through, a changed Codename is an error until the user confirms it.
 */
export const RENAMING =
  "Clients: `apt-get update` stops at a changed Codename, and before apt 2.1.10 at a changed Suite too, until it is run once with " +
  "--allow-releaseinfo-change; pins and APT::Default-Release that name the old one no longer hold; those of sparse mirrors follow where `sluice serve` gives them, and elsewhere need the set-up again.";
