import { Machine } from './machine';

export default function Page() {
  return (
    <main>
      <h1>Teachable machine</h1>
      <Machine />
    </main>
  );
}
