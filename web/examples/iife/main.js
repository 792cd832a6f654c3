const elementOf = (id) => document.getElementById(id);
const say = (text) => (elementOf('answer').value = text);
const loading = teachable.load();

async function look(before) {
  say('Looking');
  const classifier = await loading;
  const picture = elementOf('picture');
  await before(classifier, picture);
  const { classes, prediction } = await classifier.observe(picture);
  const seen = classes.map(({ className, probability }) => `${className} ${Math.round(100 * probability)} %`).join(', ');
  say(`I see: ${seen}. ${prediction ? `I was taught: ${prediction.label}.` : ''}`);
}

loading.then(
  () => say('Ready'),
  (error) => say(error.message),
);

elementOf('file').onchange = ({ target }) =>
  look((_, picture) => {
    picture.src = URL.createObjectURL(target.files[0]);
  });

elementOf('teach').onclick = () => look((classifier) => classifier.addExample(elementOf('file').files[0], elementOf('label').value));
