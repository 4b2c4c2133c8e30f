import { z } from "zod";
import { compileGlob } from "../base/glob.ts";
import { WEAKNESSES } from "../trust/contract.ts";
import { isPublicKeyBlock } from "../trust/armor-lines.ts";
import { hostList } from "../upstream/http/hosts.ts";
import { cronFault } from "./cron.ts";
import { DURATION, parseDuration } from "./duration.ts";
import { parseListen } from "./listen.ts";

// Messages go on from the field's name: "mirrors.debian.timeout must be …".

export const duration = z
  .string()
  .regex(DURATION, "must be a time with its unit, such as 30s, 90m, 24h or 7d")
  .transform((text) => parseDuration(text) ?? 0);

export const listen = z
  .string()
  .superRefine((text, context) => {
    if (parseListen(text) === undefined)
      context.addIssue({
        code: "custom",
        message: "must be HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080",
      });
  })
  .transform((text) => parseListen(text) ?? z.NEVER);

const keyring = z
  .string()
  .min(1)
  .refine(
    (text) => !isArmoured(text) || isPublicKeyBlock(text),
    "must be the path of a keyring, or a whole armoured public key",
  );

/** One keyring or a list of at least one. */
export const keyrings = z
  .union([keyring, z.array(keyring).min(1)])
  .transform((value) => (typeof value === "string" ? [value] : value));

/** True for a key that stands there itself, in place of the path of a file. */
export function isArmoured(keyring: string): boolean {
  return keyring.trimStart().startsWith("-----BEGIN ");
}

/** A URL without credentials, query or fragment; a final slash is dropped. */
export function baseUrl(
  ...protocols: readonly string[]
): z.ZodPipe<z.ZodString, z.ZodTransform<string, string>> {
  return z
    .string()
    .superRefine((text, context) => {
      const fault = urlFault(text, protocols);
      if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
    })
    .transform((text) => text.replace(/\/+$/, ""));
}

function urlFault(text: string, protocols: readonly string[]): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !protocols.includes(url.protocol))
    return `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}`;
  if (url.username !== "" || url.password !== "")
    return "must not hold a user name or password: give them by `auth`";
  if (text.includes("?") || text.includes("#")) return "must not have a query or a fragment";
  return undefined;
}

export const fingerprint = z
  .string()
  .refine(
    (text) => /^([0-9A-F]{40}|[0-9A-F]{64})!?$/.test(hexOf(text)),
    "must be a whole fingerprint, 40 or 64 hexadecimal digits: a short key id can be forged",
  )
  .transform(hexOf);

function hexOf(fingerprint: string): string {
  return fingerprint.replaceAll(/\s+/g, "").replace(/^0x/i, "").toUpperCase();
}

export const redirectHost = z.string().superRefine((text, context) => {
  if (!isRedirectHost(text)) context.addIssue(HOST_FAULT);
});

function isRedirectHost(text: string): boolean {
  if (text.includes("/") && !/^[0-9a-f:.]+\/\d+$/i.test(text)) return false;
  try {
    hostList([text]);
    return true;
  } catch {
    return false;
  }
}

const HOST_FAULT = {
  code: "custom" as const,
  message: "must be a host name, `*.suffix` or address, with or without port, or a range of addresses",
};

export const schedule = z.string().superRefine((text, context) => {
  const fault = cronFault(text);
  if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
});

/** A URL or mail address that can stand in the comment of a User-Agent (RFC 9110, 5.6.5). */
export const contact = z
  .string()
  .max(200)
  .refine(
    (text) => /^[!-'*-[\]-~]+$/.test(text) && /^(https?:\/\/.|(mailto:)?[^@/:]+@[^@/:]+$)/.test(text),
    "must be a URL that begins with http:// or https://, or a mail address",
  );

export const weakness = z.enum(WEAKNESSES);
/** A program and its arguments, which no shell reads. */
export const command = z.union([
  z
    .string()
    .regex(/^\S+$/, "must be a list where it has arguments, such as [clamdscan, --fdpass]")
    .transform((program) => [program]),
  z.array(z.string().min(1)).min(1),
]);
export const filePath = z.string().min(1);
export const glob = z
  .string()
  .min(1)
  .max(1000, "must not be longer than 1000 characters")
  .refine(isGlob, "has braces that stand for more than 1000 globs");

function isGlob(text: string): boolean {
  try {
    compileGlob(text);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
export const count = z.int().min(0);
export const positive = z.int().min(1);

export const MAX_WORKERS = 64;
export const workers = z.int().min(1).max(MAX_WORKERS);
