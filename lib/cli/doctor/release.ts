/** Versions of the kernel. */

/** Whether a release, `5.4.0-150-generic` for instance, is older than a version. False for what is not understood. */
export function isBefore(release: string, major: number, minor: number): boolean {
  const [, first, second] = /^([0-9]+)\.([0-9]+)/.exec(release) ?? []
  if (first === undefined) return false
  return Number(first) < major || (Number(first) === major && Number(second) < minor)
}
