/** The parts of seek-bzip 2.0.0 that bzip2.ts uses: its own way through a file in memory, block by block. */
declare module "seek-bzip" {
  export interface BunzipInput {
    readByte(): number;
    /** Reads exactly `length` bytes into the buffer. */
    read(buffer: Uint8Array, offset: number, length: number): number;
  }
  export interface BunzipOutput {
    writeByte(byte: number): void;
  }
  export interface Bunzip {
    /** Reads a block; false: the end of the stream was there instead. */
    _init_block(): boolean;
    /** Writes out the block and checks its CRC. */
    _read_bunzip(): void;
    readonly reader: { read(bits: number): number };
    /** What the CRC of the whole stream should be. */
    readonly streamCRC: number;
  }
  const constructor: new (input: BunzipInput, output: BunzipOutput) => Bunzip;
  export { constructor as default };
}
