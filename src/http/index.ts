/**
 * Pages: the answers of HTTP handlers, cached by the rules of shared caches, and expired from the program.
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
} from './node'
export { type PageHandler, page } from './page'
export { type PageCommands, type PageConfig } from './pages'
