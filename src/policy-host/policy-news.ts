import { type PolicyStatus } from './policies.js';

/** What becomes of a policy beside its decisions. */
export type PolicyNewsItem =
  | { readonly type: 'loaded'; readonly policy: PolicyStatus }
  | { readonly type: 'swapped'; readonly policy: PolicyStatus; readonly before: string }
  /** The version before goes on; `policy.error` says why. */
  | { readonly type: 'not-swapped'; readonly policy: PolicyStatus }
  /** Also when a try failed: `policy.error` says when the next one is. */
  | { readonly type: 'quarantined'; readonly policy: PolicyStatus }
  /** A try succeeded: it is asked again. */
  | { readonly type: 'restored'; readonly policy: PolicyStatus };

export type PolicyNewsReader = (item: PolicyNewsItem) => void;

/** Brings news of policies to who wants to record them; what happened before anybody asked is kept for the first. */
export class PolicyNews {
  private readonly unread: PolicyNewsItem[] = [];
  private reader: PolicyNewsReader | undefined;

  tell(item: PolicyNewsItem): void {
    if (this.reader === undefined) this.unread.push(item);
    else this.reader(item);
  }

  read(reader: PolicyNewsReader): void {
    this.reader = reader;
    for (const item of this.unread.splice(0)) reader(item);
  }
}
