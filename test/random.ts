/** Numbers from 0 to below 1 that a seed repeats (Marsaglia's xorshift). */
export function random(seed: number): () => number {
  let state = seed >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

/** The seed of this run, which SEED repeats. */
export const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
