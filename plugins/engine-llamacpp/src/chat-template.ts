import { type ChatMessage } from '@llama-orch/plugin-sdk';

/** A piece of a rendered conversation: text of the template, or the content of the message at `index`. */
export type TemplatePiece =
  { readonly type: 'template'; readonly text: string } | { readonly type: 'message'; readonly index: number };

const MARK = /lorch7f3a9c(\d+)end/g;

/** The conversation with a placeholder for each content, so that the template is rendered without any word of the caller. */
export function withPlaceholders(messages: readonly ChatMessage[]): ChatMessage[] {
  return messages.map(({ role, content }, index) => ({
    role,
    content: content === '' ? '' : `lorch7f3a9c${index}end`,
  }));
}

/** Two conversations of one shape are rendered alike but for their contents. */
export function shapeOf(messages: readonly ChatMessage[]): string {
  return messages.map(({ role, content }) => (content === '' ? `${role}-` : role)).join(' ');
}

/**
 * Takes a conversation that was rendered with placeholders apart.
 * Undefined when a placeholder is missing: such a template drops or changes contents and cannot be split.
 */
export function splitRendered(
  rendered: string,
  messages: readonly ChatMessage[],
): readonly TemplatePiece[] | undefined {
  const pieces: TemplatePiece[] = [];
  const found = new Set<number>();
  let end = 0;
  for (const match of rendered.matchAll(MARK)) {
    if (match.index > end) pieces.push({ type: 'template', text: rendered.slice(end, match.index) });
    const index = Number(match[1]);
    pieces.push({ type: 'message', index });
    found.add(index);
    end = match.index + match[0].length;
  }
  if (end < rendered.length) pieces.push({ type: 'template', text: rendered.slice(end) });
  const isWhole = messages.every(({ content }, index) => content === '' || found.has(index));
  return isWhole ? pieces : undefined;
}
