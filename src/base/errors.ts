/** Every error a user can meet: code, exit status, what it means, what to do. docs/reference/errors.md is generated from this table. */
export const ERRORS = {
  // usage and config: exit 2
  usage: { exit: 2, meaning: "The command line is wrong.", remedy: "See `sluice help`." },
  config_missing: { exit: 2, meaning: "There is no config file.", remedy: "Write one with `sluice init`." },
  config_invalid: { exit: 2, meaning: "The config has a mistake.", remedy: "Mend the line that is named." },
  unknown_mirror: { exit: 2, meaning: "No mirror has this name.", remedy: "See `sluice list`." },
  unknown_channel: { exit: 2, meaning: "No channel has this name.", remedy: "See `sluice list`." },
  unknown_snapshot: {
    exit: 2,
    meaning: "The mirror has no such snapshot.",
    remedy: "See `sluice list`.",
  },
  bad_name: {
    exit: 2,
    meaning: "A mirror, channel or snapshot name is not allowed.",
    remedy: "Use a-z, 0-9, dot, dash, underscore.",
  },
  channel_reserved: {
    exit: 2,
    meaning: "This channel is moved by Sluice alone.",
    remedy: "Promote into another channel.",
  },

  // trust
  keyring_unreadable: {
    exit: 1,
    meaning: "A keyring cannot be read.",
    remedy: "Give a binary or armoured OpenPGP keyring.",
  },
  keyring_empty: {
    exit: 1,
    meaning: "No usable key is left for this mirror.",
    remedy: "Check `keyring` and `signed-by`.",
  },
  signature_missing: {
    exit: 1,
    meaning: "A root of the upstream carries no signature, or none that its clients read.",
    remedy: "Ask the vendor, or say `trust: none`.",
  },
  signature_bad: {
    exit: 1,
    meaning: "A signature does not match what it signs.",
    remedy: "The upstream was altered or damaged: do not use it.",
  },
  signature_untrusted: {
    exit: 1,
    meaning: "No trusted key made the signature.",
    remedy: "Check the keyring of the mirror.",
  },
  signature_framing: {
    exit: 1,
    meaning: "There is text around a signed message, or it is not one.",
    remedy: "The upstream was altered, or a proxy answered for it.",
  },
  key_expired: {
    exit: 1,
    meaning: "The key that signed has expired.",
    remedy: "Get the vendor's newer keyring.",
  },
  key_revoked: {
    exit: 1,
    meaning: "The key that signed has been revoked.",
    remedy: "Get the vendor's newer keyring.",
  },
  key_weak: {
    exit: 1,
    meaning: "Key or signature uses weak cryptography.",
    remedy: "Allow it by name with `allow-weak`, if you must.",
  },

  identity_lost: {
    exit: 1,
    meaning: "This site's identity is gone, damaged or another one.",
    remedy: "Restore identity/ of the data directory from a backup.",
  },
  sender_untrusted: {
    exit: 1,
    meaning: "What is to be imported comes from a site that this one does not trust.",
    remedy: "Compare the fingerprint with that site's, then `sluice key trust FILE`.",
  },
  sender_forged: {
    exit: 1,
    meaning: "A record of what is to be imported was altered, or is not signed by the site that it names.",
    remedy: "Do not use it: have it made again.",
  },
  replayed: {
    exit: 1,
    meaning: "What is to be imported is older than, or contradicts, what this site had from the same sender.",
    remedy:
      "Import the newest one; if a restored backup made the sender's numbers go back, ask its operator.",
  },
  mirror_taken: {
    exit: 1,
    meaning: "A mirror of that name was made here, or came from another site.",
    remedy: "Import it under another name: `--as THEIRS=OURS`.",
  },
  vendor_unknown: {
    exit: 1,
    meaning: "This site has no key of its own to prove an imported mirror by.",
    remedy: "Give it a keyring under `imports:`, or confirm the keys that came with it.",
  },
  medium_unsuitable: {
    exit: 1,
    meaning: "The file system cannot hold a medium, or what is there is not one of this site.",
    remedy:
      "Use a file system with hard links and symlinks such as ext4, or write a bundle: `sluice export --to`.",
  },
  medium_unsafe: {
    exit: 1,
    meaning: "A medium holds a link, a device or a pipe where a store has folders and plain files.",
    remedy: "It was altered: do not use it, and have it written again.",
  },
  tar_unexpected: {
    exit: 1,
    meaning: "A part of a bundle is not an archive as Sluice writes it.",
    remedy: "Copy the part again, or have it written again.",
  },
  bundle_there: {
    exit: 1,
    meaning: "The folder holds another bundle already.",
    remedy: "Give each bundle a folder of its own.",
  },
  bundle_damaged: {
    exit: 1,
    meaning: "A file of a bundle is not what its signed list says.",
    remedy: "Copy it again, or have it written again.",
  },
  import_incomplete: {
    exit: 1,
    meaning: "Files are missing, here and in what is to be imported.",
    remedy: "Import the bundle or part that is named.",
  },
  store_foreign: {
    exit: 1,
    meaning: "What is to be pulled from does not answer as a site of Sluice does.",
    remedy: "Give the URL of that site's `sluice serve`; see what a proxy between does.",
  },
  identity_bad: {
    exit: 1,
    meaning: "The row of a site's keys does not hang together.",
    remedy: "Do not accept it; ask the site for its keys again.",
  },

  // freshness
  root_older: {
    exit: 1,
    meaning: "The upstream offers older metadata than the last snapshot has.",
    remedy: "Another upstream, or `--allow-older`.",
  },
  root_expired: {
    exit: 1,
    meaning: "The metadata is past its own expiry.",
    remedy: "Another upstream, or `allow-expired: true`.",
  },
  root_renamed: {
    exit: 1,
    meaning: "A root of the upstream calls itself by other names than in the last snapshot.",
    remedy: "If it is meant: `--allow-rename`, once.",
  },
  packages_gone: {
    exit: 1,
    meaning: "A mirror that had many packages would have none.",
    remedy: "If it is meant: `--allow-empty`, once.",
  },
  root_future: {
    exit: 1,
    meaning: "The metadata is dated in the future.",
    remedy: "Check the clock of this host.",
  },

  // metadata
  metadata_invalid: {
    exit: 1,
    meaning: "Metadata of the upstream cannot be understood.",
    remedy: "Report it to the vendor.",
  },
  root_missing: {
    exit: 1,
    meaning: "The upstream has no root metadata where the config points.",
    remedy: "Check `upstream` and the suites.",
  },
  roots_disagree: {
    exit: 1,
    meaning: "Two forms of the same root differ.",
    remedy: "Try again later: the upstream is being updated, or was altered.",
  },
  wrong_repository: {
    exit: 1,
    meaning: "The upstream's metadata is that of another repository.",
    remedy: "Check `upstream` and the suites.",
  },
  not_offered: {
    exit: 1,
    meaning: "The upstream does not offer what the config asks.",
    remedy: "Correct the selection in the config.",
  },
  weak_digest: {
    exit: 1,
    meaning: "A file is vouched for only by a weak digest.",
    remedy: "Sluice refuses it; tell the vendor.",
  },
  path_refused: {
    exit: 1,
    meaning: "A path in the metadata is not safe.",
    remedy: "The metadata is hostile or broken.",
  },
  path_conflict: {
    exit: 1,
    meaning: "Two entries claim one path with different content.",
    remedy: "The metadata is broken.",
  },
  too_large: {
    exit: 1,
    meaning: "A file is larger than was signed or allowed.",
    remedy: "The upstream was altered or damaged.",
  },
  decompression: {
    exit: 1,
    meaning: "A compressed file is damaged or grows past its bound.",
    remedy: "The upstream was altered or damaged.",
  },

  // transport
  digest_mismatch: {
    exit: 1,
    meaning: "A file differs from what was signed.",
    remedy: "The upstream was altered or damaged.",
  },
  file_missing: {
    exit: 1,
    meaning: "A file that the metadata lists is not there.",
    remedy: "Try again later, list a second upstream, or, for packages, say `allow-missing: true`.",
  },
  upstream_unreachable: {
    exit: 1,
    meaning: "No upstream answered.",
    remedy: "Check network, proxy and URL.",
  },
  upstream_refused: {
    exit: 1,
    meaning: "The upstream answered with an error.",
    remedy: "Check URL and credentials.",
  },
  upstream_moving: {
    exit: 1,
    meaning: "The upstream changed again and again during the sync.",
    remedy: "Try again later.",
  },
  redirect_refused: {
    exit: 1,
    meaning: "A redirect leads where it must not.",
    remedy: "List the host in `redirect-hosts`, if it is right.",
  },
  credentials: {
    exit: 1,
    meaning: "A secret or certificate cannot be read.",
    remedy: "Check the file or environment variable.",
  },

  // store
  store_unusable: {
    exit: 1,
    meaning: "The data directory cannot be used.",
    remedy: "Check path and permissions.",
  },
  disk_full: {
    exit: 1,
    meaning: "There is not enough room.",
    remedy: "Make room, then run again: it continues.",
  },
  locked: { exit: 1, meaning: "Another process holds the lock.", remedy: "Wait for it, or use `--wait`." },
  blob_missing: {
    exit: 1,
    meaning: "A file of a snapshot is not in the store.",
    remedy: "Run `sluice sync`: it repairs what upstream still has.",
  },
  blob_corrupt: {
    exit: 1,
    meaning: "A file in the store has changed.",
    remedy: "Run `sluice sync`: it repairs what upstream still has.",
  },
  tree_damaged: {
    exit: 1,
    meaning: "A name under trees/ was missing, or not the file of its snapshot.",
    remedy: "It has been put right; look for who changes files there.",
  },
  ref_corrupt: {
    exit: 1,
    meaning: "A record in the store was altered or its chain is broken.",
    remedy: "Restore it from a backup or another site.",
  },
  ref_conflict: {
    exit: 1,
    meaning: "Another process changed the same record.",
    remedy: "Run the command again.",
  },
  manifest_invalid: {
    exit: 1,
    meaning: "A manifest does not match what the upstream's metadata proves.",
    remedy: "Do not use the snapshot.",
  },
  verify_failed: {
    exit: 1,
    meaning: "A snapshot did not pass verification.",
    remedy: "See the findings above.",
  },
  snapshot_held: {
    exit: 1,
    meaning: "The snapshot is pinned, or a channel holds it.",
    remedy: "Unpin it, or move the channel.",
  },
  nothing_to_do: { exit: 1, meaning: "There is nothing to move back to.", remedy: "See `sluice audit`." },
  address_in_use: { exit: 1, meaning: "The address is taken.", remedy: "Use another with `--listen`." },
  address_unusable: {
    exit: 1,
    meaning: "The address cannot be listened on.",
    remedy: "Use another with `--listen`.",
  },
  worker_failed: {
    exit: 1,
    meaning: "A worker of `sluice serve` ended before it could answer.",
    remedy: "See what stands before it in the log; `--workers 1` serves without workers.",
  },
  interrupted: { exit: 1, meaning: "The run was stopped.", remedy: "Run it again: it continues." },
  internal: { exit: 1, meaning: "Sluice made a mistake.", remedy: "Please report it, with the command." },
} as const satisfies Record<string, { exit: 1 | 2; meaning: string; remedy: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** One sentence that says what, where and what to do; `code` is from ERRORS. Never shown with a stack. */
export class SluiceError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(sanitize(message), options.cause === undefined ? {} : { cause: options.cause });
    this.name = "SluiceError";
    this.code = code;
    this.hint = options.hint === undefined ? undefined : sanitize(options.hint);
  }

  get exit(): 1 | 2 {
    return ERRORS[this.code].exit;
  }
}

/** Strips control characters, and user:password@ of any URL, so that an upstream's text can be shown. */
export function sanitize(text: string): string {
  return stripCredentials(text)
    .replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "?")
    .slice(0, 2000);
}

// A forward scan, not one regular expression: the text may be hostile and long.
function stripCredentials(text: string): string {
  let out = "";
  let at = 0;
  for (;;) {
    const scheme = text.indexOf("://", at);
    if (scheme < 0) return out + text.slice(at);
    const start = scheme + 3;
    let end = start;
    while (end < text.length && !/[\s/?#"'<>]/.test(text.charAt(end))) end++;
    const authority = text.slice(start, end);
    const mark = authority.lastIndexOf("@");
    out += text.slice(at, start) + (mark < 0 ? authority : authority.slice(mark + 1));
    at = end;
  }
}

/** Turns anything thrown into a SluiceError; an unknown one becomes `internal` with its message only. */
export function asSluiceError(thrown: unknown): SluiceError {
  if (thrown instanceof SluiceError) return thrown;
  // What failed first is what counts, not what clearing up after it met.
  if (thrown instanceof SuppressedError) return asSluiceError(thrown.suppressed);
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new SluiceError("disk_full", "The disk is full: make room, then run again, it continues.", {
      cause: thrown,
    });
  }
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    const where = (error as NodeJS.ErrnoException).path ?? "a file";
    return new SluiceError("store_unusable", `No permission for ${where}: check its owner and mode.`, {
      cause: thrown,
    });
  }
  if (error.name === "AbortError")
    return new SluiceError("interrupted", "The run was stopped: run it again, it continues.", {
      cause: thrown,
    });
  return new SluiceError("internal", `Unexpected: ${error.message}`, { cause: thrown });
}
