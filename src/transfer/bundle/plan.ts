import { SluiceError } from "../../base/errors.ts";
import { USTAR_END, USTAR_MAX, ustarSize } from "../../formats/ustar.ts";

/** Something that goes into a bundle: its name there, and how large it is. */
export interface Item {
  readonly name: string;
  readonly size: number;
  /** Absent for what is not a blob of the store. */
  readonly sha256?: string | undefined;
}

/** One member of a part: an item, or a piece of one. */
export interface Member {
  readonly name: string;
  readonly item: Item;
  readonly start: number;
  readonly size: number;
}

export interface PartPlan {
  readonly members: readonly Member[];
  /** Bytes of the archive. */
  readonly size: number;
}

/** Below this a part could hold hardly more than headers. */
export const LEAST_PART = 64 * 1024;

/**
 * Lays items out in parts of at most `most` bytes, in their order. One that does not fit into what is left of a part goes into the next; one that fits into no part is cut.
 * Same input, same parts.
 */
export function planParts(items: Iterable<Item>, most: number): PartPlan[] {
  if (most < LEAST_PART)
    throw new SluiceError(
      "usage",
      `A part of ${most} bytes is too small: give --part-size at least ${LEAST_PART} bytes.`,
    );
  const parts: PartPlan[] = [];
  let members: Member[] = [];
  let size = USTAR_END.length;
  const close = (): void => {
    if (members.length > 0) parts.push({ members, size });
    members = [];
    size = USTAR_END.length;
  };
  const put = (member: Member): void => {
    members.push(member);
    size += ustarSize(member.size);
  };
  const whole = Math.min(most - USTAR_END.length - ustarSize(0), USTAR_MAX);
  const largest = whole - (whole % 512);
  for (const item of items) {
    if (item.size <= largest) {
      if (size + ustarSize(item.size) > most) close();
      put({ name: item.name, item, start: 0, size: item.size });
      continue;
    }
    // Pieces fill parts of their own, so that where they are cut does not hang on what came before.
    close();
    for (let piece = 0, start = 0; start < item.size; piece++, start += largest) {
      put({
        name: `${item.name}.${String(piece).padStart(3, "0")}`,
        item,
        start,
        size: Math.min(largest, item.size - start),
      });
      if (start + largest < item.size) close();
    }
  }
  close();
  return parts;
}
