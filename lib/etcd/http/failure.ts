/** An exchange over HTTP that came to no whole answer. */
export class HttpFailure extends Error {
  /** Something of the request left this process: what came of it is not known. */
  readonly sent: boolean;
  readonly kind: "broken" | "timeout" | "tooLarge" | "closed";

  constructor(kind: HttpFailure["kind"], why: string, sent = false) {
    super(why);
    this.name = "HttpFailure";
    this.kind = kind;
    this.sent = sent;
  }
}
