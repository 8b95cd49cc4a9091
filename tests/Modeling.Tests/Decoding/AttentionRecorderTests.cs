using TrainingCluster.Modeling.Course;
using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Tests.Models;
using TrainingCluster.Modeling.Tokenization;
using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Decoding;

public class AttentionRecorderTests
{
    private const string Letters = "abcdefghijkl";
    private static readonly BpeTokenizer s_tokenizer = new BpeTrainer().Train(BpeTokenizer.MinimumVocabularySize);

    /// <summary>
    /// To write a letter of the reversed word, the model has to look at that letter of the source. Were a row named by the token that
    /// is read, each row's largest weight would lie one letter beside its name.
    /// </summary>
    [Theory]
    [InlineData("transformer")]
    [InlineData("recurrent-attention")]
    public void Record_ModelThatReversesWords_ARowLooksAtTheTokenItIsNamedBy(string kind)
    {
        using var translator = TrainToReverse(kind);
        var recording = AttentionRecorder.Record(translator, "kbfadg");
        Assert.Equal("gdafbk", recording.Translation);
        Assert.Equal(["␣", "k", "b", "f", "a", "d", "g", "<eos>"], recording.SourceTokens);

        var map = Assert.Single(recording.Maps, map => map.Kind == AttentionKind.Cross);
        Assert.Equal(["␣", "g", "d", "a", "f", "b", "k", "<eos>"], map.Queries);
        var rows = map.Weights.Chunk(map.Keys.Count).ToList();
        foreach (var (name, row) in map.Queries.Zip(rows).Skip(1).Take(6))
        {
            Assert.Equal(name, map.Keys[Array.IndexOf(row, row.Max())]);
        }
    }

    [Fact]
    public void Record_DecoderSelfAttention_NamesWhatIsReadAndWritten()
    {
        using var translator = TrainToReverse("transformer", steps: 0);
        var recording = AttentionRecorder.Record(translator, "ab", new SearchOptions { MaxLength = 3 });
        var map = Assert.Single(recording.Maps, map => map.Kind == AttentionKind.DecoderSelf);
        Assert.Equal(recording.Steps.Select(step => $"{step.Read} → {step.Written}"), map.Queries);
        Assert.Equal(recording.Steps.Select(step => step.Read), map.Keys);
        Assert.Equal("<bos>", map.Keys[0]);
        Assert.Equal(recording.Steps.Skip(1).Select(step => step.Read), recording.Steps.SkipLast(1).Select(step => step.Written));
    }

    [Theory]
    [InlineData("transformer")]
    [InlineData("recurrent-attention")]
    public void Record_GreedySearch_WritesTheLikeliestTokenOfEachStep(string kind)
    {
        using var translator = TrainToReverse(kind, steps: 0);
        var recording = AttentionRecorder.Record(translator, "abc");
        foreach (var step in recording.Steps)
        {
            Assert.Equal(step.Written, step.Likeliest[0].Token);
            Assert.InRange(step.Likeliest.Sum(token => token.Probability), 0, 1.0001);
            Assert.Equal(step.Likeliest.OrderByDescending(token => token.Probability), step.Likeliest);
        }
    }

    [Fact]
    public void Record_SearchEndedByTheLengthLimit_HasARowForEachTokenWritten()
    {
        using var translator = TrainToReverse("recurrent-attention", steps: 0);
        var recording = AttentionRecorder.Record(translator, "abc", new SearchOptions { MaxLength = 1 });
        Assert.Single(recording.Steps);
        Assert.All(recording.Maps, map => Assert.Single(map.Queries));
    }

    [Fact]
    public void Record_SentenceLongerThanTheLimit_IsCutAsATranslationIs()
    {
        using var translator = TrainToReverse("transformer", steps: 0);
        var options = new SearchOptions { MaxSourceTokens = 4, MaxLength = 6 };
        var recording = AttentionRecorder.Record(translator, "abcdefgh", options);
        Assert.Equal(["␣", "a", "b", "<eos>"], recording.SourceTokens);
        Assert.Equal(translator.Translate(["abcdefgh"], options)[0], recording.Translation);
    }

    [Fact]
    public void Record_CharacterWithoutATokenOfItsOwn_IsNamedByItsBytes()
    {
        using var translator = TrainToReverse("transformer", steps: 0);
        var recording = AttentionRecorder.Record(translator, "é\t", new SearchOptions { MaxLength = 2 });
        Assert.Equal(["␣", "C3", "A9", "␉", "<eos>"], recording.SourceTokens);
    }

    [Fact]
    public void Record_ModelInTraining_LeavesItSo()
    {
        using var translator = TrainToReverse("transformer", steps: 0);
        translator.Model.train();
        AttentionRecorder.Record(translator, "abc");
        Assert.True(translator.Model.training);
    }

    private static Translator TrainToReverse(string kind, int steps = 400)
    {
        var options = System.Text.Json.Nodes.JsonNode.Parse(
            $$"""{"kind":"{{kind}}","dModel":32,"heads":1,"layers":1,"feedForward":32,"dropout":0}"""
        )!;
        var model = ModelFactory.Create(ModelOptions.FromJson(options.AsObject()), s_tokenizer.VocabularySize, seed: 1);
        var parameters = model
            .named_parameters()
            .Where(parameter => !IsEncoderMixing(parameter.name))
            .Select(parameter => parameter.parameter);
        if (model is Transformer)
        {
            // Without what the encoder's self-attention brings, a letter can be read at its own place alone: the alignment is known.
            using var noGradients = no_grad();
            foreach (var (_, parameter) in model.named_parameters().Where(parameter => IsEncoderMixing(parameter.name)))
            {
                parameter.zero_();
            }
        }
        using var optimizer = new Adam(parameters, learningRate: 5e-3);
        var random = new Random(1);
        for (var step = 0; step < steps; step++)
        {
            using var scope = NewDisposeScope();
            var words = Enumerable.Range(0, 32).Select(_ => new string(random.GetItems<char>(Letters, 6))).ToList();
            var sources = words.Select(word => Encode(word)).ToList();
            var targets = words.Select(word => Encode(string.Concat(word.Reverse()))).ToList();
            optimizer.ZeroGradients();
            model
                .Loss(
                    TinyModels.Rows([.. sources.Select(source => (long[])[.. source, 2])]),
                    tensor(sources.Select(source => source.Length + 1L).ToArray()),
                    TinyModels.Rows([.. targets.Select(target => (long[])[1, .. target])]),
                    TinyModels.Rows([.. targets.Select(target => (long[])[.. target, 2])]),
                    labelSmoothing: 0
                )
                .div(32)
                .backward();
            optimizer.Step();
        }
        return new Translator(model, s_tokenizer);
    }

    private static bool IsEncoderMixing(string parameter) =>
        parameter.StartsWith("encoder.layers.0.self_attn.out_proj", StringComparison.Ordinal);

    private static long[] Encode(string word) => [.. s_tokenizer.Encode(word).Select(token => (long)token)];
}
