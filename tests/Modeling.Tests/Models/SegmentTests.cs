using static TorchSharp.torch;

namespace TrainingCluster.Modeling.Tests.Models;

public class SegmentTests
{
    public static TheoryData<string, bool> Variants =>
        new()
        {
            { "transformer", true },
            { "transformer", false },
            { "recurrent-attention", true },
            { "recurrent-attention", false },
        };

    [Theory]
    [MemberData(nameof(Variants))]
    public void Segments_Always_HoldEveryParameterOnce(string kind, bool shared)
    {
        using var model = TinyModels.Create(kind, spec => spec["sharedEmbeddings"] = shared);
        var names = model.Segments.SelectMany(segment => segment.Parameters).Select(pair => pair.Name).ToList();
        Assert.Equal(model.named_parameters().Select(pair => pair.name).Order(), names.Order());
        Assert.Equal("embeddings", model.Segments[^1].Name);
        Assert.All(model.Segments, segment => Assert.NotEmpty(segment.Parameters));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void SegmentReady_WhenCalled_AllGradientsUpToTheSegmentAreFinal(string kind, bool shared)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Create(kind, spec => spec["sharedEmbeddings"] = shared);
        var (source, lengths, input, labels) = TinyModels.Batch();
        // Gradients lie in tensors of their own that backward adds into, as in training.
        foreach (var parameter in model.parameters())
        {
            parameter.grad = zeros_like(parameter);
        }
        var segments = model.Segments;
        var announced = new List<int>();
        var atCall = new Dictionary<string, float[]>();
        model.SegmentReady = segment =>
        {
            announced.Add(segment);
            foreach (var (name, parameter) in segments.Take(segment + 1).SelectMany(one => one.Parameters))
            {
                atCall.TryAdd(name, parameter.grad!.data<float>().ToArray());
            }
        };
        model.Loss(source, lengths, input, labels, 0.1).backward();

        Assert.Equal(Enumerable.Range(0, segments.Count - 1), announced);
        foreach (var (name, parameter) in segments.Take(segments.Count - 1).SelectMany(one => one.Parameters))
        {
            Assert.Equal(parameter.grad!.data<float>().ToArray(), atCall[name]);
            Assert.True(parameter.grad!.abs().max().item<float>() > 0, name);
        }
    }
}
