import { Component, provideZonelessChangeDetection, signal } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { type Classifier, load } from 'teachable-wasm';

@Component({
  selector: 'app-root',
  template: `
    <h1>Teachable machine</h1>
    <p><input id="file" type="file" accept="image/*" aria-label="Picture" #file (change)="choose(file.files![0])" /></p>
    <p>
      <input id="label" value="cat" aria-label="Class" #label />
      <button id="teach" (click)="teach(label.value)">This is one</button>
    </p>
    <p><output id="answer">{{ answer() }}</output></p>
  `,
})
class App {
  readonly answer = signal('Loading');
  #picture: File | undefined;
  #classifier!: Classifier;

  async ngOnInit() {
    this.#classifier = await load();
    this.answer.set('Ready');
  }

  async choose(picture: File) {
    this.answer.set('Looking');
    this.#picture = picture;
    await this.#look();
  }

  async teach(label: string) {
    this.answer.set('Looking');
    await this.#classifier.addExample(this.#picture!, label);
    await this.#look();
  }

  async #look() {
    const { classes, prediction } = await this.#classifier.observe(this.#picture!);
    const seen = classes.map(({ className, probability }) => `${className} ${Math.round(100 * probability)} %`).join(', ');
    this.answer.set(`I see: ${seen}. ${prediction ? `I was taught: ${prediction.label}.` : ''}`);
  }
}

await bootstrapApplication(App, { providers: [provideZonelessChangeDetection()] });
