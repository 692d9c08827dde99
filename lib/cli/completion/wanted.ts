/** What may stand at the cursor. What the table holds is looked up by whoever asks. */

/** A word that may stand there, and what it means. */
export interface Candidate {
  readonly word: string
  readonly help?: string | undefined
}

/** Where to look for what may stand there. */
export type Wanted =
  | { readonly from: 'words'; readonly candidates: readonly Candidate[] }
  | { readonly from: 'files' }
  | { readonly from: 'namespaces' }
  | {
      readonly from: 'services'
      readonly namespace?: string | undefined
      /** Only of this kind, without the word for it: `tcp/`, `mark/`. */
      readonly kind?: string
    }
  | { readonly from: 'servers'; readonly of: string; readonly namespace?: string | undefined }

/** What is wanted, and what stands before it in the same word: `--sort=`. */
export interface Completion {
  readonly wanted: Wanted
  readonly prefix?: string
}

export const nothing: Wanted = { from: 'words', candidates: [] }

export function wordsWanted(words: readonly string[]): Wanted {
  return { from: 'words', candidates: words.map((word) => ({ word })) }
}
