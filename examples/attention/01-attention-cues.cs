#:project Lesson/Lesson.csproj
#:property PublishAot=false
// Lesson 1, docs/attention/01-attention-cues.md: what the eye follows and what it looks for, and average pooling.
using TorchSharp;
using TrainingCluster.Lessons;
using TrainingCluster.Modeling.Attention;
using static TorchSharp.torch;

string[] things = ["newspaper", "article", "red cup", "notebook", "book"];

// Keys: how much does it stand out, and how much is there to read? Values: how many words it brings.
Tensor Key() => tensor([0, 1.5f, 0, 2, 3, 0, 0, 1, 0, 4], [1, 5, 2]);
Tensor Value() => tensor([30f, 50, 2, 20, 80], [1, 5, 1]);

// Queries: none at all, "whatever stands out", "something to read".
Tensor Query(params float[] cue) => tensor(cue, [1, 1, 2]);

return Lesson.Run(
    args,
    Show,
    new Exercise(
        () => Pooling().Weights(Query(2, 0), Key())[0, 0, 2].item<float>(),
        "the scores of the query (2, 0) are 0, 0, 6, 0, 0: take the softmax of them"
    ),
    new Exercise(
        () => Pooling().forward(Query(0, 0), Key(), Value().add(5)).item<float>(),
        "a score that is the same for all keys gives each value the weight 1/5"
    )
);

AttentionPooling Pooling() => new(new DotProductScore(scaled: false));

void Show()
{
    var query = cat([Query(0, 0), Query(1, 0), Query(0, 1)], 1);
    var pooling = new AttentionPooling(new DotProductScore(scaled: false));
    var weights = pooling.Weights(query, Key());
    var found = pooling.forward(query, Key(), Value());
    string[] names = ["no cue", "stands out", "to read"];
    Print.Matrix("weights", weights, rows: names, columns: things);
    Print.Matrix("words found", found, 1, rows: names);
    Print.Value("mean of all values", Value().mean().item<float>(), 1);
}
