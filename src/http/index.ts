/**
 * Pages: the answers of HTTP handlers, cached by the rules of shared caches, and invalidated by the program.
 *
 * @since 0.1.0
 */
export { type Page, type PageError, type PageRequest, type PageTarget } from './model'
export {
  type FastifyReply,
  type NodePageCommands,
  type NodeRequest,
  type NodeResponse,
  pageHook,
  type PageHook,
  pageListener,
  type PageListener,
  pageMiddleware,
  type PageMiddleware
} from './node/node'
export { type PageHandler, page } from './web/page'
export { type PageCommands, type PageConfig } from './pages'
