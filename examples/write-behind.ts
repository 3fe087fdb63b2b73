/**
 * Write-behind, as commands of one's own: `set` stores a value in the cache, answers, and leaves the write to the source
 * for `later`. The writes go out one after the other, in the order in which they were asked, and of several to one key only
 * the last. One that fails stays, with those that come after it, for the next time. `flush` does not wait for `later`.
 *
 * What is not written yet lies in this process: its reads find it, other processes do not, and it is lost where the process
 * ends without a `flush`. The bulk commands know nothing of it.
 */
import type { Command, KeyFn } from 'fp-ring'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'

export const writeBehind =
  <A, Args extends KeyFn.Arguments, No>(
    save: (value: A, ...args: Args) => TE.TaskEither<No, void>,
    later: (run: () => void) => void
  ) =>
  <Err, R, B, X>({ key }: Command.Rope<Args, Err, A, R, B>, base: Command.Commands<Args, Err, A, R, X>) => {
    type Write = readonly [value: A, ...args: Args]
    const pending = new Map<KeyFn.Key, Write>()
    const done = (at: KeyFn.Key, write: Write) => () => pending.get(at) === write && pending.delete(at)
    const send = ([at, write]: [KeyFn.Key, Write]) => pipe(save(...write), TE.map(done(at, write)))
    const sendAll = () => pipe([...pending], TE.traverseSeqArray(send), TE.asUnit)()

    let sent: Promise<E.Either<No, void>> = Promise.resolve(E.right(undefined))
    const flush: TE.TaskEither<No, void> = () => (sent = sent.then(sendAll, sendAll))
    const plan = (): void => (pending.size > 0 ? later(() => void flush().then(plan, plan)) : undefined)
    const put = (value: A, args: Args) => (): void => {
      const isPlanned = pending.size > 0
      pending.delete(key(...args)) // what is put again goes to the end
      pending.set(key(...args), [value, ...args])
      if (!isPlanned) plan()
    }
    const read = (args: Args) => (): TE.TaskEither<Err | X, A> => {
      const write = pending.get(key(...args))
      return write === undefined ? base.getOrUpdate(...args) : TE.right(write[0])
    }
    const set =
      (value: A) =>
      (...args: Args) =>
        pipe(base.set(value)(...args), TE.map(put(value, args)))
    return {
      flush,
      set,
      getOrUpdate: (...args: Args) => pipe(TE.of(undefined), TE.chain(read(args))),
      update: (...args: Args) => TE.chainW(() => base.update(...args))(flush)
    }
  }
