/** The warnings of the library, as a program hears them. */
import { afterEach, beforeEach, jest } from '@jest/globals'

import { quota } from '../src/base/warning'

export interface Heard {
  readonly code: string
  readonly type: string
  readonly message: string
}

/** What was warned of since the test began. */
export const hearWarnings = (): {
  readonly all: () => ReadonlyArray<Heard>
  readonly of: (code: string) => ReadonlyArray<string>
} => {
  let heard: Array<Heard> = []
  beforeEach(() => {
    heard = []
    quota.renew()
    jest.spyOn(process, 'emitWarning').mockImplementation(((
      message: string,
      options: Omit<Heard, 'message'>
    ) => {
      heard.push({ ...options, message })
    }) as never)
  })
  afterEach(() => {
    jest.restoreAllMocks()
  })
  return {
    all: () => heard,
    of: (code) => heard.filter((one) => one.code === code).map(({ message }) => message)
  }
}
