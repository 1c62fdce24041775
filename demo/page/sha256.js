// sha256.js - SHA-256 that can be fed piece by piece, and HMAC over it.
//
// WebCrypto hashes only whole buffers and is missing on plain http outside localhost, so a file that
// streams through a data channel needs its own. FIPS 180-4 §6.2; RFC 2104 §2 for the HMAC.

const BLOCK_BYTES = 64;

// FIPS 180-4 §4.2.2: fractional parts of the cube roots of the first 64 primes.
const ROUND_CONSTANTS = new Int32Array(64);
// FIPS 180-4 §5.3.3: the same of the square roots of the first eight.
const INITIAL = new Int32Array(8);

/** Fills both tables from their definition. */
function makeConstants() {
  /** @param {number} x */
  const fraction = (x) => ((x - Math.floor(x)) * 2 ** 32) | 0;
  let found = 0;
  for (let n = 2; found < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (!prime) continue;
    if (found < 8) INITIAL[found] = fraction(Math.sqrt(n));
    ROUND_CONSTANTS[found++] = fraction(Math.cbrt(n));
  }
}
makeConstants();

export class Sha256 {
  #state = new Int32Array(INITIAL);  // signed words stay small integers in the engines
  #words = new Int32Array(64);
  #tail = new Uint8Array(BLOCK_BYTES);
  #tailBytes = 0;
  #totalBytes = 0;

  /** @param {Uint8Array} bytes */
  update(bytes) {
    this.#totalBytes += bytes.length;
    let at = 0;
    if (this.#tailBytes > 0) {
      at = Math.min(BLOCK_BYTES - this.#tailBytes, bytes.length);
      this.#tail.set(bytes.subarray(0, at), this.#tailBytes);
      this.#tailBytes += at;
      if (this.#tailBytes < BLOCK_BYTES) return;
      this.#compress(this.#tail, 0);
      this.#tailBytes = 0;
    }
    for (; at + BLOCK_BYTES <= bytes.length; at += BLOCK_BYTES) this.#compress(bytes, at);
    this.#tail.set(bytes.subarray(at));
    this.#tailBytes = bytes.length - at;
  }

  /** Pads, and gives the digest. The object is used up by it. @returns {Uint8Array} */
  digest() {
    const bits = this.#totalBytes * 8;
    const zeros = (BLOCK_BYTES + 55 - (this.#totalBytes % BLOCK_BYTES)) % BLOCK_BYTES;
    const padding = new Uint8Array(1 + zeros + 8);
    const view = new DataView(padding.buffer);
    padding[0] = 0x80;
    view.setUint32(1 + zeros, Math.floor(bits / 2 ** 32));
    view.setUint32(1 + zeros + 4, bits >>> 0);
    this.update(padding);
    const out = new DataView(new ArrayBuffer(32));
    this.#state.forEach((word, i) => out.setInt32(i * 4, word));
    return new Uint8Array(out.buffer);
  }

  /** @returns {string} */
  hex() {
    return toHex(this.digest());
  }

  /** @param {Uint8Array} data @param {number} start */
  #compress(data, start) {
    const w = this.#words;
    const k = ROUND_CONSTANTS;
    for (let i = 0, at = start; i < 16; i++, at += 4) {
      w[i] = (data[at] << 24) | (data[at + 1] << 16) | (data[at + 2] << 8) | data[at + 3];
    }
    for (let i = 16; i < 64; i++) {
      const p = w[i - 15];
      const q = w[i - 2];
      const s0 = ((p >>> 7) | (p << 25)) ^ ((p >>> 18) | (p << 14)) ^ (p >>> 3);
      const s1 = ((q >>> 17) | (q << 15)) ^ ((q >>> 19) | (q << 13)) ^ (q >>> 10);
      w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
    }
    const s = this.#state;
    let a = s[0];
    let b = s[1];
    let c = s[2];
    let d = s[3];
    let e = s[4];
    let f = s[5];
    let g = s[6];
    let h = s[7];
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + k[i] + w[i]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    s[0] += a;
    s[1] += b;
    s[2] += c;
    s[3] += d;
    s[4] += e;
    s[5] += f;
    s[6] += g;
    s[7] += h;
  }
}

/** @param {Uint8Array} bytes @returns {string} */
export function toHex(bytes) {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}

/** RFC 2104 §2. @param {Uint8Array} key @param {Uint8Array} data @returns {string} hex */
export function hmacSha256(key, data) {
  let block = key;
  if (key.length > BLOCK_BYTES) {
    const hashed = new Sha256();
    hashed.update(key);
    block = hashed.digest();
  }
  const pad = new Uint8Array(BLOCK_BYTES);
  pad.set(block);
  const inner = new Sha256();
  inner.update(pad.map((b) => b ^ 0x36));
  inner.update(data);
  const outer = new Sha256();
  outer.update(pad.map((b) => b ^ 0x5c));
  outer.update(inner.digest());
  return outer.hex();
}
