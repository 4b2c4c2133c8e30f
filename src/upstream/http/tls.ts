import { X509Certificate } from "node:crypto";
import { createSecureContext, rootCertificates } from "node:tls";
import type { SecureContext } from "node:tls";
import { sha256 } from "../../base/digest.ts";
import { SluiceError } from "../../base/errors.ts";

/** PEM contents, not file names. */
export interface TlsOptions {
  /**
   * The CAs that the upstream's certificate must come from, in place of the public ones; other hosts may use
   * either.
   */
  readonly ca?: string | Buffer | undefined;
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
}

/** Undefined: what Node trusts by itself. */
export interface TlsContexts {
  /** For the upstream's own origin: with the client certificate. */
  readonly home: SecureContext | undefined;
  /** For every other host, and for proxies. */
  readonly away: SecureContext | undefined;
  /** Equal where the contexts are of the same files. */
  readonly key: string;
}

/** Throws `credentials` where a certificate or key cannot be read, or they do not fit each other. */
export function tlsContexts(options: TlsOptions, base: URL): TlsContexts {
  const { ca, cert, key } = options;
  if (ca === undefined && cert === undefined && key === undefined)
    return { home: undefined, away: undefined, key: "" };
  try {
    if (ca !== undefined) checkCertificate(ca);
    if ((cert === undefined) !== (key === undefined)) throw new Error("certificate and key go together");
    return {
      home: createSecureContext({ ...(ca && { ca }), ...(cert && key && { cert, key }) }),
      away: ca === undefined ? undefined : createSecureContext({ ca: [...rootCertificates, ca] }),
      key: sha256(JSON.stringify([ca, cert, key].map((pem) => pem?.toString()))),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SluiceError(
      "credentials",
      `The CA, certificate or key for ${base.href} cannot be used (${reason}): give matching PEM files.`,
      { cause: error },
    );
  }
}

// createSecureContext takes a file without any certificate for an empty list.
function checkCertificate(pem: string | Buffer): X509Certificate {
  return new X509Certificate(pem);
}
