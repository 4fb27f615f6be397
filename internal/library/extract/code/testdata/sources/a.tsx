// want: - Props A A.constructor A.render A.delete arrow App B f u inner
import React from "react"

export type Props = {
  a: string
}

@Component({ selector: "x{" })
export class A<T> extends React.Component<Props> {
  state = { a: 1 }
  constructor(private x: number) { super(); }
  public async render(): Promise<JSX.Element> {
    const r = /[{"'`]/g
    return <p>Don't</p>
  }
  delete(k: string) { return `${`}`} {` }
}

export const arrow = async (a: number): Promise<void> => {
}

export default function App({ a }: Props) {
  return <div>{a}</div>
}

interface B { x(): void }

exports.f = function (a) {
}

const u = a => a + 1;

(function () {
  function inner() { }
})();
