/**
 * The compile errors for wrong rings: one sentence for each common mistake, as the type of the argument or property
 * that is wrong. Types only.
 *
 * @internal
 */
import type * as E from 'fp-ts/Either'

import type { AreKeyable, Arguments } from '../KeyFn'
import type { Policy } from '../Policy'
import type { DecodeError, EncodeError } from '../RingError'
import type { AnyFn, AnyFunction, Box, ErrorIn, Fit, IsAny, ValueIn } from './signatures'

/** Members that every store has, but no client and no map. */
interface StoreLike {
  readonly readMany: unknown
  readonly touchMany: unknown
}

/** Members of every io-ts type. */
interface IoTsLike {
  readonly _A: unknown
  readonly _O: unknown
  readonly validate: unknown
}

/** Members of the schemas of zod, valibot and similar libraries. */
type SchemaLike =
  | { readonly '~standard': unknown }
  | { readonly parse: unknown; readonly safeParse: unknown; readonly _def: unknown }

/** A value that encodes and decodes like a codec, even if it was spread from a type. */
interface CodecLike {
  readonly encode: (value: never) => E.Either<EncodeError, unknown>
  readonly decode: (raw: never) => E.Either<DecodeError, unknown>
}

interface PolicyLike {
  readonly _tag: 'Policy'
}

type NeedsKey = 'these arguments have no default key: give `key`, or give their class a [ringKey]()'
type NeedsCodec = 'this store holds other values than the function brings: give a codec, as Codec.json(type)'
type NeedsStore =
  'this is no store: make one, as redis(client), memcached(client), sqlite(database), dict({ map })'
type NotCalled =
  'this is a function that makes a store, and no store: call it, as dict() or lru({ max: 1000 })'
type NoCodec = 'a type of io-ts is no codec: make one, as Codec.json(type)'
type NoSchema =
  'a schema is no codec: make one of an io-ts type, as Codec.json(type), or write its `encode` and `decode`'
type OtherRaw =
  'the codec makes other values than the store holds: a codec that makes bytes needs a store of bytes, as dict<Uint8Array>() or lru<Uint8Array>({ max })'
type OtherValues = 'the codec is for other values than the function brings'

/** Without a codec, a store holds the function's values: it must hold their type, or any. A sentence, or `never`. */
export type Unheld<R, A> = unknown extends R
  ? never
  : [Box<R>, Box<A>] extends [Box<A>, Box<R>]
  ? never
  : NeedsCodec

/** Why a function has no default key for these arguments: a sentence, or `never`. */
export type Unkeyed<Args extends Arguments> = AreKeyable<Args> extends true ? never : NeedsKey

/** Why a function does not take the arguments that a key is for: a sentence, or `never`. */
export type Unaccepted<Args extends Arguments, Own extends Arguments> = Args extends Own
  ? never
  : 'the key is for other arguments than those of this function'

/** Why a function does not fit a policy or a codec: a sentence, or `never`. */
export type Unmet<Args extends Arguments, T, PArgs extends Arguments, PE, PA> =
  | (Arguments extends PArgs
      ? never
      : Args extends PArgs
      ? never
      : 'the policy is for other arguments than those of this function')
  | (unknown extends PE
      ? never
      : Box<ErrorIn<T>> extends Box<PE>
      ? never
      : 'the policy is for other errors than those of this function')
  | (unknown extends PA
      ? never
      : Box<ValueIn<T>> extends Box<PA>
      ? never
      : 'the policy or the codec is for other values than those of this function')

/** Why a value is not a store: a sentence, or `never`. */
export type NoStore<S> = IsAny<S> extends true
  ? never
  : S extends StoreLike
  ? never
  : S extends (...args: never) => StoreLike
  ? NotCalled
  : NeedsStore

type RawOf<S> = S extends { readonly set: (key: string, value: infer R, ...rest: never) => unknown }
  ? R
  : unknown

/** Why a codec does not fit this store: a sentence, or `never`. */
export type WrongCodec<K, S> = K extends SchemaLike
  ? NoSchema
  : K extends IoTsLike
  ? K extends CodecLike
    ? OtherRawOf<K, S>
    : NoCodec
  : OtherRawOf<K, S>

type OtherRawOf<K, S> = K extends { readonly decode: (raw: infer Raw) => unknown }
  ? [Box<Raw>, Box<RawOf<S>>] extends [Box<RawOf<S>>, Box<Raw>]
    ? never
    : OtherRaw
  : never

/** What is wrong with a config, at the property to change; `never` if none of these mistakes is found. */
export type WrongConfig<G, Args extends Arguments, T> = G extends { readonly store: infer S }
  ? [NoStore<S>] extends [never]
    ? G extends { readonly codec: infer K }
      ? [WrongCodec<K, S>] extends [never]
        ? K extends { readonly encode: (value: infer A) => unknown }
          ? [Box<ValueIn<T>>, Box<A>] extends [Box<A>, Box<ValueIn<T>>]
            ? WithoutKey<G, Args>
            : { readonly codec: OtherValues }
          : never
        : { readonly codec: WrongCodec<K, S> }
      : [Unheld<RawOf<S>, ValueIn<T>>] extends [never]
      ? WithoutKey<G, Args>
      : { readonly codec: NeedsCodec }
    : { readonly store: NoStore<S> }
  : never

type WithoutKey<G, Args extends Arguments> = G extends { readonly key: unknown }
  ? never
  : [Unkeyed<Args>] extends [never]
  ? never
  : { readonly key: NeedsKey }

/** The options that several rings cannot share: with one key they would share one entry. */
export type NotShared<Sentence extends string> = {
  readonly [K in
    | 'name'
    | 'key'
    | 'codec'
    | 'tags'
    | 'batch'
    | 'batchEach'
    | 'commands'
    | 'default']?: Sentence
}
export type OwnInRecord =
  'each ring of a record has its own: the name is that of its property; for the rest use ring or Ring.using'
export type OwnInUsing = 'each ring has its own: give it after the function, as using(common)(fn, { key })'

/** Why something cannot come after a store: a sentence. */
type NoForm<H> = H extends StoreLike
  ? 'ring takes one store: two are one by Store.tiered({ near, far })'
  : H extends AnyFn
  ? 'the function comes first, as ring(fn, { store }), or last, as ring(store)(fn)'
  : H extends ReadonlyArray<unknown>
  ? 'this is a list: several policies are one, as Policy.policy(a, b)'
  : H extends PolicyLike
  ? 'the policy needs a store that can do more (a lease needs one with leases), or it is not the last argument: ring(store, codec, policy)'
  : 'after a store come a codec, a policy or options: ring(store, codec, policy), ring(store, { name, policy })'

/** Why a value is not the options of a function: a sentence, or `never`. */
type NoOptions<H> = H extends StoreLike | PolicyLike | CodecLike
  ? 'these are no options: write ring(fn, { store, codec, policy })'
  : never

/** The third argument, if no form takes it. */
export type ThirdOf<H, J> = unknown extends J
  ? J
  : H extends CodecLike
  ? 'after a codec comes one policy, or an object of options that ring has: several policies are one, as Policy.policy(a, b)'
  : 'there is no third argument after these: all options are one object, several policies are one, as Policy.policy(a, b)'

/** The sentence for a name that is not an option. */
type NoOption<K> = K extends PolicyName
  ? 'ring has no option of this name: it is a policy, as policy: Policy.ttl(Duration.minutes(5))'
  : K extends 'namespace' | 'max' | 'maxSize' | 'near' | 'far' | 'directory' | 'table'
  ? 'ring has no option of this name: it is one of the store'
  : 'ring has no option of this name: it has store, codec, policy, name, key, version, tags, batch, batchEach, commands, default, observe, clock, random, waitUntil, sharesEntries, warnings'
type PolicyName = Exclude<keyof Policy, '_tag'> | 'ttlBy' | 'forever'

type KeysOf<C> = C extends unknown ? keyof C : never

/** The names of excess properties: a literal that is inferred as a type parameter is not checked for them otherwise. */
type Unasked<H, Config> = Exclude<keyof H, KeysOf<Config>>

/** The result of the last form of `ring`: only wrong arguments reach it, and their result cannot be used. */
export type NotARing = 'these arguments make no ring'

/** The first argument of `ring`: a function that can be cached, or a store. */
export type FirstOf<G, Args extends Arguments, T> = IsAny<G> extends true
  ? G
  : Box<G> extends Box<AnyFn>
  ? Fit<G, Args, T>
  : [NoStore<G>] extends [never]
  ? G
  : NoStore<G>

/** The second argument: the config of the function, or what comes after a store. */
export type SecondOf<G, H, J, Args extends Arguments, T, Config> = IsAny<G> extends true
  ? AnyFunction
  : Box<G> extends Box<AnyFn>
  ? [NoOptions<H>] extends [never]
    ? OptionsFor<H, Args, T, Config>
    : NoOptions<H>
  : [WrongCodec<H, G>] extends [never]
  ? AfterStore<H, J, Config>
  : WrongCodec<H, G>

type OptionsFor<H, Args extends Arguments, T, Config> = [WrongConfig<H, Args, T>] extends [never]
  ? [Unasked<H, Config>] extends [never]
    ? H & Config
    : { readonly [K in Unasked<H, Config>]: NoOption<K> }
  : WrongConfig<H, Args, T>

/** A codec that fits is not reported; for options, the wrong names are. */
type AfterStore<H, J, Config> = H extends CodecLike
  ? unknown extends J
    ? 'this codec is for other values than the store holds, or its functions return something else'
    : H
  : H extends AnyFn | ReadonlyArray<unknown> | StoreLike | PolicyLike | string | number | boolean
  ? NoForm<H>
  : [Unasked<H, Config>] extends [never]
  ? NoForm<H>
  : { readonly [K in Unasked<H, Config>]: NoOption<K> }
