/** What a handler answers, as data, and the many ways in which it may be said. */
import type * as http from 'node:http'
import * as http2 from 'node:http2'
import { Readable } from 'node:stream'

import { soon } from './kit'

/** What is asked of a server. */
export interface Asked {
  readonly path: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export type Pair = readonly [name: string, value: string]

export const heads = ['set', 'writeHead', 'list', 'mixed', 'append', 'flush', 'reason'] as const
export const bodies = ['end', 'writes', 'pipe', 'ticks', 'hex', 'bytes', 'callbacks'] as const
export const whens = ['now', 'tick', 'promise', 'later'] as const
export const ends = ['good', 'throws', 'rejects', 'breaks', 'fails'] as const

/** In which words it is said; each server takes what it knows of it. */
export interface How {
  readonly head: (typeof heads)[number]
  readonly body: (typeof bodies)[number]
  readonly when: (typeof whens)[number]
  /** With what the framework has for it, or on the bare response. */
  readonly framed: boolean
  /** Whether something is said when the head has been written, which is too late. */
  readonly late: boolean
}

export interface Told {
  readonly status: number
  readonly fields: ReadonlyArray<Pair>
  /** Set by somebody before the cache. */
  readonly before?: ReadonlyArray<Pair>
  /** Set by somebody before the cache when the head is sent, as sessions do it. */
  readonly atHead?: ReadonlyArray<Pair>
  /** Set by somebody after the handler, where a server knows that: by a hook `onSend`. */
  readonly atSend?: ReadonlyArray<Pair>
  readonly chunks: ReadonlyArray<string>
  readonly end: (typeof ends)[number]
  readonly how: How
}

/** A handler: what it answers follows from the request alone. */
export type Tell = (asked: Asked) => Told

/** What a handler throws, the same at every time: servers show its stack. */
export const fault = (): Error => Object.assign(new Error('thrown'), { stack: 'thrown' })

/** Fields by name, with all their values. */
export const grouped = (fields: ReadonlyArray<Pair>): Readonly<Record<string, string | Array<string>>> => {
  const all: Record<string, string | Array<string>> = {}
  for (const [name, value] of fields) {
    const known = all[name]
    all[name] = known === undefined ? value : [known, value].flat()
  }
  return all
}

const moment = (when: How['when']): Promise<void> | undefined =>
  when === 'now'
    ? undefined
    : when === 'tick'
    ? new Promise((resolve) => setImmediate(resolve))
    : when === 'promise'
    ? Promise.resolve()
    : soon(1)

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** What is read of a response of Node, of either version. */
export type Raw = http.ServerResponse

const setAll = (res: Raw, fields: ReadonlyArray<Pair>): void =>
  Object.entries(grouped(fields)).forEach(([name, value]) => res.setHeader(name, value))

const writeHead = (res: Raw, { atSend = [], fields: own, how, status }: Told, isSecond: boolean): void => {
  const fields = [...own, ...atSend]
  const set = (some: ReadonlyArray<Pair>): void => setAll(res, some)
  // Node 20 takes one of several of a name where something has been set before
  const isPlain = !isSecond && res.getHeaderNames().length === 0
  const half = Math.floor(fields.length / 2)
  switch (how.head) {
    case 'writeHead':
      return void res.writeHead(status, grouped(fields))
    case 'list':
      return void (isPlain ? res.writeHead(status, fields.flat()) : res.writeHead(status, grouped(fields)))
    case 'mixed':
      set(fields.slice(0, half).filter(([name]) => !fields.slice(half).some(([other]) => other === name)))
      return void res.writeHead(
        status,
        grouped(fields.filter(([name]) => fields.slice(half).some(([other]) => other === name)))
      )
    case 'reason':
      return void (isSecond
        ? res.writeHead(status, grouped(fields))
        : res.writeHead(status, 'Because', grouped(fields)))
    case 'append':
      res.statusCode = status
      return fields.forEach(([name, value]) => res.appendHeader(name, value))
    case 'flush':
      set(fields)
      res.statusCode = status
      return res.flushHeaders()
    case 'set':
      res.statusCode = status
      return set(fields)
  }
}

const writeBody = async (res: Raw, { chunks, how }: Told): Promise<void> => {
  switch (how.body) {
    case 'end':
      return void res.end(chunks.join(''))
    case 'writes':
      chunks.slice(0, -1).forEach((chunk) => res.write(chunk))
      return void res.end(chunks.at(-1))
    case 'pipe':
      return void Readable.from(chunks).pipe(res)
    case 'ticks':
      for (const chunk of chunks) {
        res.write(chunk)
        await tick()
      }
      return void res.end()
    case 'hex':
      return void res.end(Buffer.from(chunks.join('')).toString('hex'), 'hex')
    case 'bytes':
      chunks.forEach((chunk) => res.write(Buffer.from(chunk)))
      return void res.end(() => undefined)
    case 'callbacks':
      for (const chunk of chunks) await new Promise<void>((resolve) => void res.write(chunk, () => resolve()))
      return void res.end()
  }
}

/** What breaks off says first. */
const begun = 'broken'

/** A body that breaks off, when its beginning has gone. */
export const breaking = async function* (): AsyncGenerator<Buffer> {
  yield Buffer.from(begun)
  await soon(5)
  throw fault()
}

/** So that its client hears of it. */
export const breakOff = (res: Raw): void => {
  const { stream } = res as unknown as { readonly stream?: http2.Http2Stream }
  if (stream === undefined) res.destroy()
  else stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR)
}

/** Where a handler has failed, and its framework has nothing for that. */
export const failed = (res: Raw): void => {
  if (res.headersSent) breakOff(res)
  else {
    res.statusCode = 500
    res.end('failed')
  }
}

/** Says it on a response of Node. */
export const write = (res: Raw, told: Told, method: string): unknown => {
  const { end, how } = told
  // a response of HTTP/2 has no reason, and takes no body where there is none
  const isSecond = 'stream' in res
  if (end === 'throws') throw fault()
  const say = async (): Promise<void> => {
    if (end === 'rejects') throw fault()
    writeHead(res, told, isSecond)
    if (end !== 'good') {
      res.write(begun)
      await tick()
      if (end === 'fails') throw fault()
      return breakOff(res)
    }
    const isBare = isSecond && (method === 'HEAD' || [204, 205, 304].includes(told.status))
    const body = isBare ? Promise.resolve(void res.end()) : writeBody(res, told)
    if (how.late && res.headersSent)
      try {
        res.setHeader('x-too-late', '1')
      } catch {
        // as it is without a cache
      }
    await body
  }
  const wait = moment(how.when)
  return wait === undefined ? say() : wait.then(say)
}

/** Lets somebody add fields when the head is sent, as `on-headers` does: what `writeHead` is given is set first. */
export const addAtHead = (res: Raw, fields: ReadonlyArray<Pair>): void => {
  // SAFETY: it is called as it was
  const original = res.writeHead as (...args: ReadonlyArray<unknown>) => Raw
  res.writeHead = (status: number, ...more: ReadonlyArray<unknown>): Raw => {
    const given = more.at(-1)
    const reason = more.slice(0, 1).filter((first) => typeof first === 'string')
    if (!res.headersSent) {
      if (Array.isArray(given)) {
        const list = given as ReadonlyArray<string>
        const pairs = list.flatMap(
          (name, i): ReadonlyArray<Pair> => (i % 2 === 0 ? [[name, list[i + 1]!]] : [])
        )
        setAll(res, pairs)
      } else if (typeof given === 'object' && given !== null)
        for (const [name, value] of Object.entries(given)) res.setHeader(name, value as string)
      fields.forEach(([name, value]) => res.appendHeader(name, value))
    }
    return original.call(res, status, ...reason)
  }
}

const streamOf = ({ chunks, how }: Told): ReadableStream<Uint8Array> => {
  const left = [...chunks]
  return new ReadableStream({
    pull: async (controller) => {
      if (how.body !== 'pipe') await tick()
      const chunk = left.shift()
      if (chunk === undefined) controller.close()
      else controller.enqueue(Buffer.from(chunk))
    }
  })
}

const breakingStream = (): ReadableStream<Uint8Array> => {
  const parts = breaking()
  return new ReadableStream({
    pull: async (controller) => {
      const { value } = await parts.next()
      controller.enqueue(value as Buffer)
    }
  })
}

/** Says it as a `Response`. */
export const respond = async (told: Told): Promise<Response> => {
  const { atHead = [], atSend = [], before = [], chunks, end, fields, how, status } = told
  await moment(how.when)
  if (end === 'throws' || end === 'rejects') throw fault()
  const headers = new Headers()
  for (const [name, value] of [...before, ...fields, ...atHead, ...atSend]) headers.append(name, value)
  const init = { status, headers }
  const text = chunks.join('')
  if ([204, 205, 304].includes(status)) return new Response(null, init)
  if (end !== 'good') return new Response(breakingStream(), init)
  // one that cannot be changed
  if (status === 302 && how.head === 'flush') return Response.redirect('http://example.com/elsewhere', 302)
  switch (how.body) {
    case 'end':
      return new Response(text, init)
    case 'writes':
      return Response.json({ text }, init)
    case 'bytes':
      return new Response(Buffer.from(text), init)
    case 'hex':
      return new Response(new Blob([text], { type: 'text/css' }), init)
    case 'callbacks':
      return new Response(new URLSearchParams({ text }), init)
    default:
      return new Response(streamOf(told), init)
  }
}
