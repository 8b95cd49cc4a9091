using System.Globalization;
using static TorchSharp.torch;

namespace TorchSharp
{
    namespace Modules
    {
        /// <summary>Modules one after the other.</summary>
        public class Sequential : nn.Module<Tensor, Tensor>
        {
            private readonly List<nn.IModule<Tensor, Tensor>> _modules = [];

            internal Sequential(IEnumerable<(string Name, nn.Module<Tensor, Tensor> Module)> modules)
                : base(nameof(Sequential))
            {
                foreach (var (name, module) in modules) append(name, module);
            }

            public int Count => _modules.Count;

            public nn.IModule<Tensor, Tensor> this[int index] => _modules[index];

            public Sequential append(string name, nn.IModule<Tensor, Tensor> module)
            {
                add_module(name, (nn.Module)module);
                _modules.Add(module);
                return this;
            }

            public Sequential append(nn.IModule<Tensor, Tensor> module) =>
                append(_modules.Count.ToString(CultureInfo.InvariantCulture), module);

            public override Tensor forward(Tensor tensor)
            {
                if (_modules.Count == 0) return tensor.alias();
                using var scope = NewDisposeScope();
                var result = tensor;
                foreach (var module in _modules) result = module.call(result);
                return ReferenceEquals(result, tensor) ? tensor.alias().MoveToOuterDisposeScope() : result.MoveToOuterDisposeScope();
            }

            protected override void RegisterComponents()
            {
            }
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.Sequential Sequential() => new([]);

            public static Modules.Sequential Sequential(params (string name, Module<Tensor, Tensor> submodule)[] modules) =>
                new(modules);

            public static Modules.Sequential Sequential(params Module<Tensor, Tensor>[] modules) =>
                new(modules.Select((m, i) => (i.ToString(CultureInfo.InvariantCulture), m)));

            public static Modules.Sequential Sequential(IEnumerable<Module<Tensor, Tensor>> modules) =>
                new(modules.Select((m, i) => (i.ToString(CultureInfo.InvariantCulture), m)));
        }
    }
}
