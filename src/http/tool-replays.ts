import { Replays } from '../admission/replays.js';

/** Answers of tools that can be repeated. Apart from those of tasks: they can be large, and then the oldest have to go. */
export class ToolReplays extends Replays {}
