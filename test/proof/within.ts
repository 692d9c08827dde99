/** What is awaited, within so many milliseconds: else an Error that says this. */
export async function within<T>(ms: number, awaited: Promise<T>, otherwise = () => `not within ${ms} ms`): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(otherwise())), ms)
  })
  return Promise.race([awaited, late]).finally(() => clearTimeout(timer))
}
