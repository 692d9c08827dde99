/** Lines of a save file -> words. */

/** Split at blanks, without quotes; the word `ipvsadm` is left out wherever it stands, as ipvsadm does. */
export function wordsOf(line: string): readonly string[] {
  const words = line.split(/[ \t\r]+/).filter((word) => word !== '' && word !== 'ipvsadm')
  if (words[0] !== '-A') return words
  // ipvsadm 1.26 saved ` pe sip` and ` ops`, which it could not read.
  return words.map((word) => (word === 'pe' ? '--pe' : word === 'ops' ? '--ops' : word))
}

/** Lines that have words, but for comments, numbered from 1. */
export function rulesOf(text: string): readonly { readonly line: number; readonly text: string }[] {
  return text.split('\n').flatMap((line, i) => {
    const isRule = !line.startsWith('#') && wordsOf(line).length > 0
    return isRule ? [{ line: i + 1, text: line.trim() }] : []
  })
}
