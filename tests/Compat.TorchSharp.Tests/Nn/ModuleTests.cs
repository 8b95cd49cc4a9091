using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Compat.TorchSharp.Tests.Nn;

public class ModuleTests
{
    [Fact]
    public void RegisterComponents_Fields_AreNamedAndOrdered()
    {
        using var model = new Model();
        Assert.Equal(
            ["scale", "first.weight", "first.bias", "blocks.0.weight", "blocks.0.bias", "blocks.1.weight", "blocks.1.bias", "tail.0.weight", "tail.1.weight", "tail.1.bias"],
            model.named_parameters().Select(p => p.name));
        Assert.Equal(["steps"], model.named_buffers().Select(b => b.name));
        Assert.Equal(["first", "blocks", "tail"], model.named_children().Select(c => c.name));
        Assert.Contains("blocks.1", model.named_modules().Select(m => m.name));
        Assert.Equal(11, model.state_dict().Count);
        Assert.NotNull(model.get_parameter("blocks.1.bias"));
        Assert.Null(model.get_parameter("blocks.2.bias"));
        Assert.NotNull(model.get_buffer("steps"));
        Assert.True(model.has_parameter("first.weight"));
    }

    [Fact]
    public void Parameters_SharedBetweenModules_AppearOnce()
    {
        using var scope = NewDisposeScope();
        using var linear = nn.Linear(2, 2, hasBias: false);
        using var model = nn.Sequential(linear, nn.ReLU());
        using var both = nn.ModuleList<nn.Module>(linear, model);
        using var holder = new Holder(both);
        Assert.Single(holder.parameters());
    }

    [Fact]
    public void LoadStateDict_SamePaths_CopiesValues()
    {
        using var scope = NewDisposeScope();
        using var one = new Model();
        using var two = new Model();
        Assert.NotEqual(one.call(ones(1, 3)).Floats(), two.call(ones(1, 3)).Floats());
        two.load_state_dict(one.state_dict());
        Assert.Equal(one.call(ones(1, 3)).Floats(), two.call(ones(1, 3)).Floats());
    }

    [Fact]
    public void LoadStateDict_MissingPath_IsRefusedUnlessLenient()
    {
        using var scope = NewDisposeScope();
        using var model = new Model();
        var state = new Dictionary<string, Tensor>(model.state_dict());
        state.Remove("scale");
        state["other"] = ones(1);
        Assert.Throws<InvalidOperationException>(() => model.load_state_dict(state));
        var (missing, unexpected) = model.load_state_dict(state, strict: false);
        Assert.Equal(["scale"], missing);
        Assert.Equal(["other"], unexpected);
    }

    [Fact]
    public void TrainAndEval_ReachEveryModule()
    {
        using var model = new Model();
        Assert.True(model.training);
        model.eval();
        Assert.All(model.modules(), m => Assert.False(m.training));
        model.train();
        Assert.All(model.modules(), m => Assert.True(m.training));
    }

    [Fact]
    public void To_AnotherType_ConvertsParametersAndBuffers()
    {
        using var scope = NewDisposeScope();
        using var model = new Model();
        model.to(ScalarType.Float64);
        Assert.All(model.parameters(), p => Assert.Equal(ScalarType.Float64, p.dtype));
        Assert.All(model.parameters(), p => Assert.True(p.requires_grad && p.is_leaf));
        Assert.Equal(ScalarType.Float64, model.call(ones([1, 3], ScalarType.Float64)).dtype);
    }

    [Fact]
    public void Dispose_Module_DisposesItsTensors()
    {
        var before = Tensor.TotalCount;
        new Model().Dispose();
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void Parameter_MadeFromTensor_TakesItOver()
    {
        using var scope = NewDisposeScope();
        var data = ones(2);
        var parameter = new Parameter(data);
        Assert.True(data.IsInvalid);
        Assert.True(parameter.requires_grad);
        Assert.True(parameter.is_leaf);
        Assert.False(nn.Parameter(ones(1), requires_grad: false).requires_grad);
    }

    [Fact]
    public void RegisterModule_BadNames_AreRefused()
    {
        using var model = new Holder(nn.ModuleList<nn.Module>());
        Assert.Throws<ArgumentException>(() => model.register_module("a.b", nn.ReLU()));
        Assert.Throws<ArgumentException>(() => model.register_module("", nn.ReLU()));
        Assert.ThrowsAny<InvalidOperationException>(() => model.register_module("list", nn.ReLU()));
    }

    [Fact]
    public void Init_Distributions_HaveTheirBounds()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var weight = nn.Parameter(empty(200, 100));
        nn.init.xavier_uniform_(weight);
        var bound = Math.Sqrt(6.0 / 300);
        Assert.InRange(weight.abs().max().item<float>(), 0.98 * bound, bound);
        nn.init.normal_(weight, 1, 0.1);
        Assert.Equal(1.0, weight.mean().item<float>(), 0.005);
        nn.init.constant_(weight, 3);
        Assert.Equal(3f, weight.min().item<float>());
        nn.init.zeros_(weight);
        nn.init.ones_(weight);
        Assert.Equal(1f, weight.mean().item<float>());
        Assert.True(weight.requires_grad && weight.is_leaf);
        Assert.ThrowsAny<Exception>(() => nn.init.xavier_uniform_(ones(3)));
    }

    [Fact]
    public void ClipGradNorm_SmallGradients_AreLeftAlone()
    {
        using var scope = NewDisposeScope();
        using var layer = nn.Linear(2, 1, hasBias: false);
        layer.call(tensor(new float[,] { { 3, 4 } })).sum().backward();
        Assert.Equal(5.0, nn.utils.clip_grad_norm_(layer.parameters(), 10.0), 1e-5);
        Assert.Equal(5.0, nn.utils.clip_grad_norm_(layer.parameters(), 1.0), 1e-5);
        Assert.Equal(1.0, nn.utils.clip_grad_norm_(layer.parameters(), 10.0), 1e-4);
    }

    private sealed class Holder : nn.Module
    {
        private readonly ModuleList<nn.Module> list;

        internal Holder(ModuleList<nn.Module> list)
            : base(nameof(Holder))
        {
            this.list = list;
            RegisterComponents();
        }

        internal int Count => list.Count;
    }

    private sealed class Model : nn.Module<Tensor, Tensor>
    {
        private readonly Parameter scale = nn.Parameter(ones(1));
        private readonly Linear first = nn.Linear(3, 4);
        private readonly ModuleList<Linear> blocks = nn.ModuleList(nn.Linear(4, 4), nn.Linear(4, 4));
        private readonly Sequential tail = nn.Sequential(nn.Linear(4, 4, hasBias: false), nn.LayerNorm(4));
        private readonly Tensor steps = zeros(1);

        internal Model()
            : base(nameof(Model)) => RegisterComponents();

        public override Tensor forward(Tensor input)
        {
            var x = first.call(input);
            foreach (var block in blocks) x = block.call(x).relu();
            return tail.call(x) * scale + steps;
        }
    }
}
