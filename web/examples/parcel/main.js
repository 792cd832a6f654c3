import { load } from 'teachable-wasm';

const [file, picture, label, teach, answer] = ['file', 'picture', 'label', 'teach', 'answer'].map((id) => document.getElementById(id));

const classifier = await load({ wasmUrl: 'wasm/' });
answer.value = 'Ready';

async function look() {
  const { classes, prediction } = await classifier.observe(picture);
  const seen = classes.map(({ className, probability }) => `${className} ${Math.round(100 * probability)} %`).join(', ');
  answer.value = `I see: ${seen}. ${prediction ? `I was taught: ${prediction.label}.` : ''}`;
}

file.onchange = async () => {
  answer.value = 'Looking';
  picture.src = URL.createObjectURL(file.files[0]);
  await look();
};

teach.onclick = async () => {
  answer.value = 'Looking';
  await classifier.addExample(file.files[0], label.value);
  await look();
};
