import { z } from "zod";
import { HTTP_DEFAULTS } from "../upstream/http/options.ts";
import { LEAST_RATE } from "../upstream/http/trickle.ts";
import * as field from "./fields.ts";

const TIMEOUTS = HTTP_DEFAULTS.timeoutSeconds;

export const tls = z
  .strictObject({
    ca: field.filePath
      .optional()
      .describe(
        "PEM file of the authorities that vouch for the upstream's server, in place of the public ones.",
      ),
    cert: field.filePath.optional().describe("PEM file of the client certificate."),
    key: field.filePath.optional().describe("PEM file of the client certificate's private key."),
  })
  .refine((tls) => (tls.cert === undefined) === (tls.key === undefined), {
    message: "must have `cert` and `key` together",
  });

/** How something is asked over HTTP: an upstream, another site. */
export const networkShape = {
  "redirect-hosts": z
    .array(field.redirectHost)
    .default([])
    .describe(
      "Other hosts that the upstream may redirect to: names, `*.suffix`, addresses, each with or without port, or ranges.",
    ),
  connections: field.positive
    .optional()
    .describe(
      `Connections to the upstream at a time; ${HTTP_DEFAULTS.connections} by default, and never more than \`connections-per-host\`.`,
    ),
  pipelining: field.positive
    .optional()
    .describe(
      `Small files asked for at once on one connection; ${HTTP_DEFAULTS.pipelining} by default, 1: none ahead of an answer.`,
    ),
  retries: field.count
    .optional()
    .describe(`How often a request that failed is sent again; ${HTTP_DEFAULTS.retries} by default.`),
  timeout: field.duration
    .optional()
    .describe(
      `How long to wait for a connection (${TIMEOUTS.connect}s by default), an answer (${TIMEOUTS.headers}s) or more bytes (${TIMEOUTS.body}s); fewer than ${LEAST_RATE} bytes a second count as none.`,
    ),
};
