; want: a f g
(ns a)

(defn f
  "(defn no"
  [x]
  (inc x))

(defn- ^:private g [] \()
