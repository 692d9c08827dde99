/**
 * A command line as data: arguments are read by it, and help and the man page are made of it; and what is drawn again and again on a
 * terminal. For the commands of this package and of ipvs-failover; it changes with their needs, in any version.
 */
export { commandCalled, readCall } from './arguments.js'
export { type Call, type Command, type CommandLine, type Operand, type Option, type Relay } from './command.js'
export { UsageError, isOn, textOf, textsOf, usageError } from './command.js'
export { helpOf, helpOfAll } from './help.js'
export { type ManPage, type Section, manPage } from './man.js'
export { nearest } from './nearest.js'
export { type Compose, type Ending, type Refreshing, refresh, timeOfDay } from './refresh.js'
export { type Canvas, type Line, fit, headLine } from './screen.js'
export { type Colour } from './style.js'
export { type Output, type Terminal, isTerminal, keysOf } from './terminal.js'
